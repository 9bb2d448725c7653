"""The whole company: from a seed to landed exports, and to the truth about them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from orchestration.company.billing import bill
from orchestration.company.catalogue import build_catalogue
from orchestration.company.catalogue_files import write_catalogue
from orchestration.company.delivery import deliver
from orchestration.company.finance import plan_finance, write_finance
from orchestration.company.focus import write_bills
from orchestration.company.github import write_github
from orchestration.company.greenhouse import write_greenhouse
from orchestration.company.hiring import recruit
from orchestration.company.hr import write_hr
from orchestration.company.incidents import suffer
from orchestration.company.mainline import number_pulls
from orchestration.company.pagerduty import write_pagerduty
from orchestration.company.people import build_people
from orchestration.company.pipelines import run_pipelines
from orchestration.company.plan import Plan
from orchestration.company.reliability import measure, write_slos
from orchestration.company.reviews import quality_of_hire, review, write_reviews
from orchestration.company.security import write_security
from orchestration.company.stories import tell_stories
from orchestration.company.suites import report_tests, write_reports
from orchestration.company.surveys import survey, write_surveys
from orchestration.company.truth import Truth
from orchestration.company.truth_business import (
    attrition,
    attrition_year,
    cloud_cost,
    cost_per_customer,
    customer_cost,
    customer_costs,
)
from orchestration.company.truth_delivery import (
    change_failure_rate,
    deployment_frequency,
    lead_time_for_changes,
    major_incidents,
    pipeline_success_rate,
    slo_attainment,
    time_to_restore,
)
from orchestration.company.truth_hiring import hiring_funnel, offer_acceptance, open_openings, time_to_fill
from orchestration.company.truth_plans import enps, spend_vs_budget, stakeholder_satisfaction
from orchestration.company.truth_security import (
    vulnerabilities_excluded,
    vulnerabilities_open,
    vulnerability_sla,
    vulnerability_time_to_remediate,
)
from orchestration.company.truth_tests import flakiness, flaky_tests
from orchestration.company.usage import use, write_usage
from orchestration.company.vulnerabilities import expose


def generate(
    out_landing: Path,
    truth_dir: Path,
    *,
    seed: int = 7,
    scale: float = 1.0,
    months: int = 18,
    last_day: date = date(2026, 6, 30),
) -> Truth:
    """Write a company's exports below ``out_landing`` and what was planted in them into ``truth_dir``.

    The same parameters give the same bytes. Raises ``ValueError`` for a scale or a number of months out of
    range, and
    where the truth would lie inside the landing folder.
    """
    if truth_dir.resolve().is_relative_to(out_landing.resolve()):
        raise ValueError(f"the truth must not lie in the landing folder: {truth_dir}")
    plan = Plan(seed=seed, scale=scale, months=months, last_day=last_day)
    stories = tell_stories(plan)
    catalogue = build_catalogue(plan, stories)
    people = build_people(plan, stories, catalogue)
    delivery = deliver(plan, stories, catalogue, people)
    pulls = number_pulls(delivery.pulls)
    runs = run_pipelines(plan, catalogue, people, delivery)
    reports = report_tests(plan, stories, catalogue, runs)
    incidents = suffer(plan, catalogue, people, delivery)
    slos = measure(plan, stories, catalogue, incidents)
    usage = use(plan)
    charges = bill(plan, stories, catalogue, usage)
    exposure = expose(plan, stories, catalogue)
    hiring = recruit(plan, stories, catalogue, people)
    reviews = review(plan, people)
    waves = survey(plan, stories, catalogue, people)
    finance = plan_finance(plan, stories, catalogue, usage, charges)

    truth = Truth(plan, stories)
    for person in people.engineers[:3]:
        truth.accounts += [person.login, person.worker_id, person.pagerduty_id]
    branches = {repository: line.branch for repository, line in delivery.lines.items()}
    write_catalogue(out_landing / "catalogue", plan, stories, catalogue, branches)
    torn = write_github(out_landing / "github", plan, catalogue, people, delivery, pulls, runs)
    truth.bad_rows["github.pull_request_commits"] = torn
    write_reports(out_landing / "test_reports", reports)
    write_pagerduty(out_landing / "pagerduty", plan, catalogue, people, incidents)
    truth.bad_rows["prometheus.slo_definitions"] = write_slos(out_landing / "prometheus", stories, slos)
    write_usage(out_landing, plan, usage, plan.last_day + timedelta(days=1))
    truth.bad_rows["focus.charges"] = write_bills(out_landing, plan, stories, charges)
    write_hr(out_landing / "workday", plan, catalogue, people)
    write_security(out_landing, plan, catalogue, people, exposure)
    write_reviews(out_landing / "workday", plan, reviews)
    write_greenhouse(out_landing / "greenhouse", plan, catalogue, hiring)
    write_surveys(out_landing / "surveys", waves)
    write_finance(out_landing / "finance", plan, finance)

    allocated = customer_costs(usage, charges)
    truth.tables = {
        "deployment_frequency": deployment_frequency(catalogue, delivery),
        "change_failure_rate": change_failure_rate(catalogue, delivery),
        "lead_time_for_changes": lead_time_for_changes(catalogue, delivery),
        "time_to_restore": time_to_restore(catalogue, incidents),
        "major_incidents": major_incidents(catalogue, incidents),
        "pipeline_success_rate": pipeline_success_rate(catalogue, runs),
        "test_flakiness": flakiness(catalogue, reports),
        "flaky_tests": flaky_tests(reports),
        "slo_attainment": slo_attainment(plan, slos),
        "cloud_cost": cloud_cost(charges),
        "customer_cost": customer_cost(allocated),
        "cost_per_customer": cost_per_customer(plan, usage, allocated),
        "attrition": attrition(plan, catalogue, people),
        "attrition_year": attrition_year(plan, catalogue, people),
        "vulnerability_sla": vulnerability_sla(plan, catalogue, exposure),
        "vulnerability_time_to_remediate": vulnerability_time_to_remediate(catalogue, exposure),
        "vulnerabilities_open": vulnerabilities_open(plan, catalogue, exposure),
        "vulnerabilities_excluded": vulnerabilities_excluded(exposure),
        "hiring_time_to_fill": time_to_fill(catalogue, hiring),
        "offer_acceptance": offer_acceptance(catalogue, hiring),
        "open_openings": open_openings(plan, catalogue, hiring),
        "hiring_funnel": hiring_funnel(hiring),
        "quality_of_hire": quality_of_hire(plan, people, reviews),
        "enps": enps(catalogue, waves),
        "stakeholder_satisfaction": stakeholder_satisfaction(waves),
        "spend_vs_budget": spend_vs_budget(plan, catalogue, usage, charges, finance),
    }
    truth.write(truth_dir)
    return truth
