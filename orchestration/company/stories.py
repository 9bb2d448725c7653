"""What happened at the company, dated from the last day. A director of engineering would know all of it.

With the default last day, 30 June 2026, and 18 months:

* **Re-organisation** (1 October 2025, the month in the middle): one team moves to another group with
  its people and services; two services change hands between teams. Exports older than that day are
  still in the landing folder, and newer ones replace them.
* **Hurried quarter** (January to March 2026, the three months before the last three): releases come
  1.7 times as often, more than twice the share of them fails, and incidents follow.
* **Burnt budget** (the last 16 days): the budget service's availability SLO loses hours at 3 to 12 % of
  errors, and is still bleeding on the last day. Others have their ordinary bad hours.
* **Runaway bill** (December 2025, six months before the last): an analytics cluster left running costs
  six times its usual for twelve days. The provider's correction comes two months later, in February's
  billing period, with ``ChargeClass`` Correction and charge periods in December.
* **Re-delivered billing period** (March 2026): delivered twice, the second time with fewer rows.
* **Leavers** (April and May 2026): a wave in one group, most of them regretted, some not decided.
* **A critical finding past its date** (the last 24 days), in the budget service, and beside it: an exploited
  one whose score alone would leave it time, one that was fixed in time and came back, a risk accepted after
  its date. Findings that two tools report, and a repository imported into Snyk again.
* **Hiring freeze** (February and March 2026, the fourth and third month before the last): nothing is
  opened, no offer is made; half of the seats that were open are cancelled, the others grow old.
* **A budget overrun** (from January 2026, five months before the last): one team signs a contract that nobody
  had planned for, and spends more than its budget from then on.
* **A flaky suite** (from 40 to 12 days before the end): the tests of one suite of two services fail for no
  reason, one time in five, and pass when they run again; before and after one time in a hundred.
* **Surveys**: the pulse of one group falls from the hurried quarter on; one wave is counted by the survey
  tool, one comes from Qualtrics.
* **Pressed by the hurried quarter**: the checkout team delivers half of what it commits to in those three
  months, and unplanned work comes into its sprints; until a month after them more bugs are met, and more of
  them by users. All teams put off what they owe to debt and security in the meantime.
* **Actions that slip**: from the hurried quarter on, one group does what it agreed on after incidents too
  late, and moves the dates.
* **Human resources**: a back-dated edit between an older and a newer export, a rehire, transfers,
  contractors and interns, a rescinded hire, terminations dated after the last day.
* **Delivery**: bots, squash, rebase and merge commits, rollbacks (some two versions back), reverts,
  hotfixes (some straight onto the default branch), failed attempts and retries, redeployments of the same
  version, red pipelines that a re-run turned green, environments that map to no tier, monorepos.
* **Files**: the same records exported twice at different ages, one file under two names, a torn JSON
  line, a charge at hour 30 (counted as ``bad_rows`` in the truth).
* **Customers**: one with cost and no usage, one with usage and no dedicated cost, a pool without a
  driver, a second cloud billed in euros, exchange rates, totals of the invoices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from orchestration.company.plan import Plan, add_months

HURRY_FREQUENCY = 1.7
HURRY_FAILURE_SHARE = 0.26
FAILURE_SHARE = 0.10
RUNAWAY_FACTOR = 6
RUNAWAY_DAYS = 12
BURN_DAYS = 16
FLAKY_DAYS = (40, 12)


@dataclass(frozen=True)
class Stories:
    """Dates and names of the stories. Periods are half open: the first day, and the first day after."""

    reorganisation: date
    moving_team: str
    moving_to_group: str
    hurried_from: date
    hurried_until: date
    burn_from: date
    burning_service: str
    runaway_month: date
    correction_month: date
    redelivered_month: date
    leavers_from: date
    leavers_until: date
    leavers_group: str
    freeze_from: date
    freeze_until: date
    overrun_team: str
    overrun_from: date
    pressed_team: str
    slipping_group: str
    flaky_from: date
    flaky_until: date

    def hurried(self, day: date) -> bool:
        """Whether releases are hurried on this day."""
        return self.hurried_from <= day < self.hurried_until

    def tests_flaky(self, day: date) -> bool:
        """Whether the flaky suite fails for no reason on this day."""
        return self.flaky_from <= day < self.flaky_until


def tell_stories(plan: Plan) -> Stories:
    """The stories of this plan; months count back from the month of the last day."""
    last_month = plan.last_day.replace(day=1)
    return Stories(
        reorganisation=add_months(plan.first_day, plan.months // 2),
        moving_team="notifications",
        moving_to_group="platform",
        hurried_from=add_months(last_month, -5),
        hurried_until=add_months(last_month, -2),
        burn_from=plan.last_day - timedelta(days=BURN_DAYS - 1),
        burning_service="checkout-api",
        runaway_month=add_months(last_month, -6),
        correction_month=add_months(last_month, -4),
        redelivered_month=add_months(last_month, -3),
        leavers_from=add_months(last_month, -2),
        leavers_until=last_month,
        leavers_group="product",
        freeze_from=add_months(last_month, -4),
        freeze_until=add_months(last_month, -2),
        overrun_team="analytics",
        overrun_from=add_months(last_month, -5),
        pressed_team="checkout",
        slipping_group="data",
        flaky_from=plan.last_day - timedelta(days=FLAKY_DAYS[0]),
        flaky_until=plan.last_day - timedelta(days=FLAKY_DAYS[1]),
    )
