"""What was planted, in the KPIs' own terms: computed from the generator's facts, never from any query of the
marts.

``truth.json`` holds

* ``parameters`` (seed, scale, months, first_day, last_day) and ``stories`` (dates and names),
* ``bad_rows``: how many rows of each ``system.table`` are bad on purpose and belong in quarantine,
* ``canaries``: personal texts that must not be found anywhere behind the landing folder,
* ``tables``: the names of the CSV files beside it, one row each per

===================== ======================================================================================
deployment_frequency  segment and month: ``deployments`` (successful, production), ``failed_attempts`` beside
change_failure_rate   segment and month: ``deployments``, ``failed``, and of these by evidence
                      ``incident_named``, ``rollback``, ``repair`` (hotfix or revert), ``incident``
                      (on the service itself or on a dependent); ``rework``: deployments that repaired
lead_time_for_changes segment and month of the deployment: ``changes``, ``median_hours``
time_to_restore       segment and month of restoration: ``incidents``, ``median_minutes``
major_incidents       segment and month in which it began: ``incidents`` (severity 1 and 2)
pipeline_success_rate segment and month: ``final_success``, ``final_total``, ``first_success``,
``first_total``
test_flakiness        segment and month: ``test_runs`` with a pass or a fail, ``flaky`` ones, ``left_out``
flaky_tests           test: ``flaky`` test runs, ``lost_runs`` (attempts of jobs), ``wasted_ms``
flag_changes          service and month: ``changes`` of feature flags, ``production`` ones among them
flag_suspects         ``entry_id`` of a change that an incident of the ``service`` followed, nothing deployed
code_quality          service in the end: ``coverage_percent``, ``debt_minutes``, issues ``found``, ``open``
slo_attainment        SLO and month: ``good``, ``total`` (slices for Timeslices)
cloud_cost            issuer, currency and month: ``billed`` (month = billing period), ``effective`` (month =
                      charge period)
customer_cost         customer and month: ``usd`` allocated (direct and shared, effective, at the day's rate)
cost_per_customer     month: ``allocated_usd``, ``active_customers``, ``transactions``
attrition             segment and quarter: ``person_days``, ``days``, ``regretted``, ``regret_unknown``,
                      ``voluntary``, ``involuntary``
attrition_year        the same over the twelve months that end with the quarter
vulnerability_sla     segment and month of the due date: ``due``, ``in_time``
vulnerability_time_to_remediate
                      segment and month of the remedy: ``median_days``
vulnerabilities_open  segment and month, on its last day: ``open``, ``overdue``, ``young`` (under 30 days)
vulnerabilities_excluded
                      reason (blank: counts): ``vulnerabilities``
hiring_time_to_fill   segment and month of acceptance: ``filled``, ``median_days``
offer_acceptance      segment and month in which it was settled: ``accepted``, ``settled``
open_openings         segment and month: ``openings`` open at its end
quality_of_hire       team that hired and quarter in which 180 days were over: ``hires`` judged, ``good`` ones
manager_span          team, on the last day: its lead's ``direct_reports`` (employees), ``other_reports``, and
                      ``named_successors`` who are employed
hiring_funnel         month of application and canonical stage: ``applications``, ``reached``
enps                  segment (org, group, team) and quarter: ``respondents``, ``promoters``,
                      ``detractors``; ``rate_invited``, ``rate_responded`` where both are told
stakeholder_satisfaction  segment (org, function) and quarter: ``respondents``, ``score_sum`` (1 to 5),
                      ``favourable``, ``invited``
cycle_time            segment and month of the end: ``items``, ``median_hours`` of items in Jira
work_in_progress      segment and month, at its end: ``items``, ``median_days`` since each was begun
work_done             segment and month of the end: ``items`` in Jira and issues, by type ``stories``,
                      ``bugs``, ``tasks``, ``epics``, their ``points``; by category, epics apart,
                      ``new_value``, ``debt``, ``reliability``, ``security``, ``keep_the_lights_on``,
                      ``unclassified``
work_items            item in Jira: its columns as ``fct_work_items`` names them
work_excluded         reason (blank: counts): ``items`` in Jira
sprints               sprint that is closed: ``committed``, ``delivered``, ``added``, ``added_delivered``,
                      ``removed``, ``carried_over``
plan_vs_actual        segment and month of the sprint's close: the same without ``added_delivered``
quarter_plan_vs_actual
                      segment (org, group, team) and quarter: the same of the lists of commitments
escaped_defect_rate   segment and month of creation: ``known`` (where it was found), ``escaped``, ``unknown``
postmortem_actions    segment and month of the first due date: ``due``, ``in_time``, ``redated``; without a
                      date by month in which it was agreed on: ``undated``
postmortem_actions_overdue
                      segment and month, at its end: ``overdue``
spend_vs_budget       team and month: ``cloud_spend``, ``vendor_spend``, ``cloud_budget``, ``vendor_budget``
                      in dollars
===================== ======================================================================================

Segments are ``org``, ``group``, ``team``,
``service`` and ``tier`` (attrition: the first three); a service that
no catalogue knows is ``unmapped``. Months are ``2026-06``, quarters ``2026-Q2``. Money is decimal text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.company.people import CANARY_MAIL, CANARY_NAME, CANARY_PAY, CANARY_TEXT
from orchestration.company.plan import Plan
from orchestration.company.stories import Stories
from orchestration.company.writing import write_csv, write_json

Row = dict[str, Any]


@dataclass
class Truth:
    """The planted facts of one company; ``tables`` by name, each a list of rows with the same members."""

    plan: Plan
    stories: Stories
    tables: dict[str, list[Row]] = field(default_factory=dict)
    bad_rows: dict[str, int] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)

    @property
    def canaries(self) -> list[str]:
        """Texts of personal data: marks in every name, address, pay and remark, and some people's ids."""
        return [CANARY_MAIL, CANARY_NAME, CANARY_PAY, CANARY_TEXT, *self.accounts]

    def document(self) -> dict[str, Any]:
        """The members of ``truth.json``."""
        plan = self.plan
        return {
            "parameters": {
                "seed": plan.seed, "scale": plan.scale, "months": plan.months,
                "first_day": plan.first_day.isoformat(), "last_day": plan.last_day.isoformat(),
            },
            "stories": {k: v.isoformat() if isinstance(v, date) else v for k,
            v in asdict(self.stories).items()},
            "bad_rows": self.bad_rows,
            "canaries": self.canaries,
            "tables": {name: f"{name}.csv" for name in sorted(self.tables)},
        }  # fmt: skip

    def write(self, folder: Path) -> None:
        """``truth.json`` and the CSV files."""
        write_json(folder / "truth.json", self.document(), indent=2)
        for name, rows in self.tables.items():
            header = list(rows[0]) if rows else []
            write_csv(folder / f"{name}.csv", header, [[row[column] for column in header] for row in rows])
