"""The whole company: from a seed to landed exports, and to the truth about them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from orchestration.company import opsgenie, servicenow
from orchestration.company.azure_cost import write_azure_bill
from orchestration.company.billing import MICROSOFT, bill
from orchestration.company.catalogue import Catalogue, build_catalogue
from orchestration.company.catalogue_files import Identifiers, write_catalogue
from orchestration.company.commitments import promise, quarter_plan_vs_actual, write_commitments
from orchestration.company.delivery import deliver
from orchestration.company.deployments import Delivery
from orchestration.company.finance import plan_finance, write_finance
from orchestration.company.flags import flag_changes, flag_suspects, flip, write_flags
from orchestration.company.focus import write_bills
from orchestration.company.github import write_github
from orchestration.company.gitlab import write_gitlab
from orchestration.company.greenhouse import write_greenhouse
from orchestration.company.hiring import recruit
from orchestration.company.hr import write_hr
from orchestration.company.incidents import Incident, suffer
from orchestration.company.issues import plan_issues
from orchestration.company.jenkins import write_jenkins
from orchestration.company.jira import name_services, write_actions, write_jira
from orchestration.company.mainline import PullRequest, number_pulls
from orchestration.company.pagerduty import write_pagerduty
from orchestration.company.people import People, build_people
from orchestration.company.pipelines import Run, run_pipelines
from orchestration.company.plan import Plan
from orchestration.company.quality import analyse, code_quality, write_quality
from orchestration.company.reliability import measure, write_slos
from orchestration.company.reviews import quality_of_hire, review, write_reviews
from orchestration.company.security import write_security
from orchestration.company.stack import Stack
from orchestration.company.stories import tell_stories
from orchestration.company.succession import manager_span, plan_succession, write_succession
from orchestration.company.suites import report_tests, write_reports
from orchestration.company.surveys import survey, write_surveys
from orchestration.company.teamwork import do_work
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
from orchestration.company.truth_work import (
    cycle_time,
    escaped_defect_rate,
    plan_vs_actual,
    postmortem_actions,
    postmortem_actions_overdue,
    sprints,
    work_done,
    work_excluded,
    work_in_progress,
    work_items,
)
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
    stack: Stack | None = None,
) -> Truth:
    """Write a company's exports below ``out_landing`` and what was planted in them into ``truth_dir``.

    The same parameters give the same bytes, and another stack the same truth: only ``bad_rows`` names the
    systems in whose files they lie. Raises ``ValueError`` for a scale or a number of months out of
    range, and
    where the truth would lie inside the landing folder.
    """
    if truth_dir.resolve().is_relative_to(out_landing.resolve()):
        raise ValueError(f"the truth must not lie in the landing folder: {truth_dir}")
    stack = stack or Stack()
    plan = Plan(seed=seed, scale=scale, months=months, last_day=last_day)
    stories = tell_stories(plan)
    catalogue = build_catalogue(plan, stories)
    people = build_people(plan, stories, catalogue)
    delivery = deliver(plan, stories, catalogue, people)
    pulls = number_pulls(delivery.pulls)
    runs = run_pipelines(plan, catalogue, people, delivery)
    reports = report_tests(plan, stories, catalogue, runs)
    incidents = suffer(plan, catalogue, people, delivery)
    flags = flip(plan, catalogue, people, incidents)
    projects = analyse(plan, catalogue, people)
    slos = measure(plan, stories, catalogue, incidents)
    usage = use(plan)
    charges = bill(plan, stories, catalogue, usage)
    exposure = expose(plan, stories, catalogue)
    hiring = recruit(plan, stories, catalogue, people)
    reviews = review(plan, people)
    roles = plan_succession(plan, catalogue, people)
    waves = survey(plan, stories, catalogue, people)
    work = do_work(plan, stories, catalogue, people, incidents)
    commitments = promise(plan, stories, work)
    finance = plan_finance(plan, stories, catalogue, usage, charges)

    truth = Truth(plan, stories)
    for person in people.engineers[:3]:
        truth.accounts += [person.login, person.worker_id, person.pagerduty_id]
    branches = {repository: line.branch for repository, line in delivery.lines.items()}
    identifiers = [*_identify(plan, stack, catalogue), *name_services(catalogue, work)]
    write_catalogue(out_landing / "catalogue", plan, stories, catalogue, branches, identifiers)
    truth.bad_rows |= _write_code(out_landing, plan, stack, catalogue, people, delivery, pulls, runs)
    write_reports(out_landing / "test_reports", reports)
    _write_incidents(out_landing, plan, stack, catalogue, people, delivery, incidents)
    truth.bad_rows["prometheus.slo_definitions"] = write_slos(out_landing / "prometheus", stories, slos)
    write_flags(out_landing, flags)
    write_quality(out_landing, projects)
    write_usage(out_landing, plan, usage, plan.last_day + timedelta(days=1))
    own_exports = {MICROSOFT: write_azure_bill} if "azure" in stack else {}
    truth.bad_rows["focus.charges"] = write_bills(out_landing, plan, stories, charges, own_exports)
    write_hr(out_landing / "workday", plan, catalogue, people)
    write_security(out_landing, plan, catalogue, people, exposure)
    write_reviews(out_landing / "workday", plan, reviews)
    write_succession(out_landing / "workday", plan, roles)
    write_greenhouse(out_landing / "greenhouse", plan, catalogue, hiring)
    write_surveys(out_landing / "surveys", waves)
    write_finance(out_landing / "finance", plan, finance)
    write_jira(out_landing / "jira", plan, work)
    write_actions(out_landing / "catalogue", plan, work)
    write_commitments(out_landing / "catalogue", plan, commitments)

    issues = list(plan_issues(plan, pulls))
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
        "flag_changes": flag_changes(flags),
        "flag_suspects": flag_suspects(flags),
        "code_quality": code_quality(projects),
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
        "manager_span": manager_span(plan, people, roles),
        "enps": enps(catalogue, waves),
        "stakeholder_satisfaction": stakeholder_satisfaction(waves),
        "cycle_time": cycle_time(catalogue, work),
        "work_in_progress": work_in_progress(plan, catalogue, work),
        "work_done": work_done(catalogue, work, issues),
        "work_items": work_items(work),
        "work_excluded": work_excluded(work),
        "sprints": sprints(plan, work),
        "plan_vs_actual": plan_vs_actual(plan, catalogue, work),
        "quarter_plan_vs_actual": quarter_plan_vs_actual(plan, catalogue, commitments),
        "escaped_defect_rate": escaped_defect_rate(catalogue, work, issues),
        "postmortem_actions": postmortem_actions(plan, catalogue, work),
        "postmortem_actions_overdue": postmortem_actions_overdue(plan, catalogue, work),
        "spend_vs_budget": spend_vs_budget(plan, catalogue, usage, charges, finance),
    }
    truth.write(truth_dir)
    return truth


def _identify(plan: Plan, stack: Stack, catalogue: Catalogue) -> Identifiers:
    """What the tools of the stack call each service."""
    if stack.paging == "opsgenie":
        found = [("opsgenie", opsgenie.service_id(s), s.service_id) for s in catalogue.services]
    else:
        found = [("pagerduty", s.pagerduty_id, s.service_id) for s in catalogue.services]
    if "servicenow" in stack:
        desk = servicenow.desk_services(plan, catalogue)
        known = [s for s in catalogue.services if s.service_id in desk]
        found += [("servicenow", servicenow.service_id(s), s.service_id) for s in known]
    return found


def _write_code(
    landing: Path,
    plan: Plan,
    stack: Stack,
    catalogue: Catalogue,
    people: People,
    delivery: Delivery,
    pulls: dict[str, list[PullRequest]],
    runs: list[Run],
) -> dict[str, int]:
    """Source control and pipelines; returns how many rows of which table are bad on purpose."""
    own_runs = runs
    if "jenkins" in stack:
        write_jenkins(landing / "jenkins", plan, stack, pulls, runs)
        own_runs = []
    if stack.source_control == "gitlab":
        torn = write_gitlab(landing / "gitlab", plan, catalogue, people, delivery, pulls, own_runs)
        return {"gitlab.merge_request_commits": torn}
    torn = write_github(landing / "github", plan, catalogue, people, delivery, pulls, own_runs)
    return {"github.pull_request_commits": torn}


def _write_incidents(
    landing: Path,
    plan: Plan,
    stack: Stack,
    catalogue: Catalogue,
    people: People,
    delivery: Delivery,
    incidents: list[Incident],
) -> None:
    """Incidents, and who was called. PagerDuty calls people about incidents, so it keeps them all."""
    desk = servicenow.desk_services(plan, catalogue) if "servicenow" in stack else frozenset()
    if stack.paging == "opsgenie":
        opsgenie.write_opsgenie(landing / "opsgenie", plan, catalogue, people, stack, incidents, desk)
    else:
        write_pagerduty(landing / "pagerduty", plan, catalogue, people, stack, incidents)
    if "servicenow" in stack:
        told = [i for i in incidents if i.service.service_id in desk] if stack.paging == "opsgenie" else []
        servicenow.write_servicenow(landing / "servicenow", plan, stack, desk, delivery, told)
