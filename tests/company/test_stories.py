"""The stories can be seen in the facts, and nothing can be blamed for what it did not do."""

from __future__ import annotations

from bisect import bisect_left
from datetime import timedelta
from itertools import pairwise

import pytest

from orchestration.company.billing import bill
from orchestration.company.catalogue import Catalogue, build_catalogue
from orchestration.company.delivery import deliver
from orchestration.company.deployments import Delivery
from orchestration.company.incidents import Incident, suffer
from orchestration.company.people import People, build_people
from orchestration.company.plan import DAY, Plan, day_of, month_of
from orchestration.company.reliability import good_and_total, measure
from orchestration.company.stories import Stories, tell_stories
from orchestration.company.truth_business import attrition
from orchestration.company.truth_delivery import change_failure_rate
from orchestration.company.usage import use

PLAN = Plan(scale=0.4, months=12)


@pytest.fixture(scope="module")
def stories() -> Stories:
    return tell_stories(PLAN)


@pytest.fixture(scope="module")
def catalogue(stories: Stories) -> Catalogue:
    return build_catalogue(PLAN, stories)


@pytest.fixture(scope="module")
def people(stories: Stories, catalogue: Catalogue) -> People:
    return build_people(PLAN, stories, catalogue)


@pytest.fixture(scope="module")
def delivery(stories: Stories, catalogue: Catalogue, people: People) -> Delivery:
    return deliver(PLAN, stories, catalogue, people)


@pytest.fixture(scope="module")
def incidents(catalogue: Catalogue, people: People, delivery: Delivery) -> list[Incident]:
    return suffer(PLAN, catalogue, people, delivery)


def test_hurried_releases_are_more_and_fail_more(stories: Stories, catalogue: Catalogue, delivery: Delivery):
    months = {
        row["month"]: row for row in change_failure_rate(catalogue, delivery) if row["segment_type"] == "org"
    }
    hurried = {m for m in months if month_of(stories.hurried_from) <= m < month_of(stories.hurried_until)}
    usual = sorted(months.keys() - hurried)[1:]
    assert len(hurried) == 3
    assert min(months[m]["deployments"] for m in hurried) > max(months[m]["deployments"] for m in usual)
    share = {m: months[m]["failed"] / months[m]["deployments"] for m in months}
    assert min(share[m] for m in hurried) > max(share[m] for m in usual)


def test_an_incident_has_one_deployment_that_can_be_blamed_or_none(
    catalogue: Catalogue, delivery: Delivery, incidents: list[Incident]
):
    """The rule of kpis.md, applied by hand: on the service itself, else on what it needs, within a day."""
    finished: dict[str, list[int]] = {}
    by_instant = {}
    for deployment in delivery.deployments:
        if deployment.is_production and deployment.succeeded:
            finished.setdefault(deployment.service.service_id, []).append(deployment.finished)
            by_instant[deployment.service.service_id, deployment.finished] = deployment
    for instants in finished.values():
        instants.sort()

    def latest(service_id: str, instant: int):
        instants = finished.get(service_id, [])
        index = bisect_left(instants, instant) - 1
        near = index >= 0 and instants[index] >= instant - DAY
        return by_instant[service_id, instants[index]] if near else None

    blamed = 0
    for incident in incidents:
        if (
            not incident.counts
            or incident.priority not in ("P1", "P2", "P3")
            or not incident.service.is_catalogued
        ):
            continue
        own = latest(incident.service.service_id, incident.created)
        needed = [d for name in incident.service.depends_on if (d := latest(name, incident.created))]
        suspects = [own] if own else needed
        assert suspects == ([incident.blames] if incident.blames else []), incident.title
        blamed += bool(incident.blames)
    assert blamed > 50


def test_a_rollback_restores_a_version_older_than_the_one_that_failed(delivery: Delivery):
    by_service: dict[str, list] = {}
    for deployment in delivery.deployments:
        if deployment.is_production and deployment.succeeded:
            by_service.setdefault(deployment.service.service_id, []).append(deployment)
    two_back = 0
    for deployments in by_service.values():
        for before, after in pairwise(deployments):
            assert before.finished < after.finished
            if after.purpose == "rollback":
                assert after.head < before.head
                back = deployments[: deployments.index(after)][-3:]
                assert any(d.failure == "rollback" for d in back)
                two_back += before.failure is None
    assert two_back > 0


def test_two_services_and_a_team_move_in_the_reorganisation(stories: Stories, catalogue: Catalogue):
    before = stories.reorganisation - timedelta(days=1)
    moved = {
        s.service_id
        for s in catalogue.services
        if catalogue.owner_of(s, before) != catalogue.owner_of(s, stories.reorganisation)
    }
    assert moved == {"cart", "user-directory"}
    assert catalogue.group_of("notifications", before) == "data"
    assert catalogue.group_of("notifications", stories.reorganisation) == "platform"


def test_the_wave_of_leavers_is_the_worst_quarter_of_its_group(
    stories: Stories, catalogue: Catalogue, people: People
):
    quarters = {
        row["quarter"]: row
        for row in attrition(PLAN, catalogue, people)
        if (row["segment_type"], row["segment_id"]) == ("group", stories.leavers_group)
    }
    wave = quarters.pop("2026-Q2")
    assert wave["regretted"] >= 2
    assert wave["regret_unknown"] >= 1
    assert wave["voluntary"] > max(row["voluntary"] for row in quarters.values())


def test_the_budget_service_burns_more_than_its_whole_budget(
    stories: Stories, catalogue: Catalogue, incidents: list[Incident]
):
    slos = measure(PLAN, stories, catalogue, incidents)
    burning = next(slo for slo in slos if slo.slo_id == f"{stories.burning_service}-availability")
    days = good_and_total(burning)
    window = [
        days[PLAN.last_day - timedelta(days=n)]
        for n in range(28)
        if PLAN.last_day - timedelta(days=n) in days
    ]
    good, total = (sum(part) for part in zip(*window, strict=True))
    assert (1 - good / total) / (1 - float(burning.objective)) > 1
    others = [slo for slo in slos if slo.service.service_id != stories.burning_service]
    calm = 0
    for slo in others:
        ratios = [good / total for good, total in good_and_total(slo).values() if total]
        calm += sum(ratios) / len(ratios) > float(slo.objective)
    assert calm > len(others) / 2


def test_the_correction_takes_back_four_fifths_of_the_runaway_bill(stories: Stories, catalogue: Catalogue):
    charges = bill(PLAN, stories, catalogue, use(PLAN))
    corrections = [charge for charge in charges if charge.correction]
    assert {charge.period for charge in corrections} == {stories.correction_month}
    assert {charge.day.replace(day=1) for charge in corrections} == {stories.runaway_month}
    days = {charge.day for charge in corrections}
    ran_away = sum(
        c.effective
        for c in charges
        if c.resource == "cluster/analytics" and c.day in days and not c.correction
    )
    assert -sum(c.effective for c in corrections) == pytest.approx(ran_away * 0.8, rel=1e-9)


def test_nobody_writes_code_before_the_hire_or_after_the_exit(delivery: Delivery):
    for pull in delivery.pulls:
        if not pull.is_bot:
            day = day_of(pull.opened)
            assert any(spell.employed_on(day) for spell in pull.author.spells), (pull.author.login, day)
