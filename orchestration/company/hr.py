"""The HR system's exports: Workday's history tables as a connector lands them, and a neutral roster.

Contractors and the hires of one team (an acquisition) are only in the roster; everybody else is only in
Workday.
Each table comes twice: an export of three months ago, and the newest, in which history was edited backwards.
Personal columns are filled, as they are in real exports: what must not be kept has to be there to be dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.company.catalogue import Catalogue
from orchestration.company.people import CANARY_PAY, CANARY_TEXT, VOLUNTARY, People, Person, Spell
from orchestration.company.plan import Plan, add_months
from orchestration.company.writing import write_csv

FOREVER = "9999-12-31 23:59:59"
DAWN = "2000-01-01 00:00:00"
WORKER_HEADER = (
    "id", "_fivetran_active", "_fivetran_start", "_fivetran_end", "_fivetran_deleted", "_fivetran_synced",
    "active",
    "annual_summary_currency", "annual_summary_total_base_pay", "annual_summary_total_salary_and_allowances",
    "contract_end_date", "contract_vendor_name", "employee_compensation_total_base_pay",
    "end_employment_date",
    "first_day_of_work", "hire_date", "hire_reason", "hire_rescinded", "home_country",
    "local_termination_reason",
    "original_hire_date", "primary_termination_category", "primary_termination_reason",
    "regrettable_termination", "rehire",
    "retired", "terminated", "termination_date", "termination_involuntary", "termination_last_day_of_work",
    "universal_id",
    "user_id", "worker_code",
)  # fmt: skip
POSITION_HEADER = (
    "position_id", "worker_id", "_fivetran_active", "_fivetran_start", "_fivetran_end", "_fivetran_deleted",
    "_fivetran_synced", "business_site_summary_name", "business_title", "effective_date", "employee_type",
    "end_date",
    "end_employment_date", "exclude_from_head_count", "external_employee", "full_time_equivalent_percentage",
    "is_primary_job", "pay_rate", "start_date",
)  # fmt: skip
MEMBERSHIP_HEADER = (
    "_fivetran_start", "index", "position_id", "worker_id", "_fivetran_active", "_fivetran_end",
    "_fivetran_synced",
    "date_of_pay_group_assignment", "organization_id", "primary_business_site",
    "used_in_change_organization_assignments",
)  # fmt: skip
ORGANISATION_HEADER = (
    "id", "_fivetran_deleted", "_fivetran_synced", "description", "inactive", "last_updated_date_time",
    "location",
    "manager_id", "name", "organization_code", "sub_type", "superior_organization_id",
    "top_level_organization_id", "type",
)  # fmt: skip
ROSTER_HEADER = (
    "worker_id", "full_name", "work_email", "worker_type", "hired_on", "terminated_on", "termination_kind",
    "termination_reason", "regretted", "hr_organization_id", "manager_id", "fte", "effective_from",
    "effective_to", "salary",
)  # fmt: skip


@dataclass(frozen=True)
class Export:
    """One export: what was known on ``day``. ``knows`` tells whether an event of that date was recorded by
    then.
    """

    day: date
    knows: Callable[[date], bool]
    has_edits: bool  # False: before history was edited backwards


def in_roster(person: Person, catalogue: Catalogue) -> bool:
    """Whether the roster tells of the person; else Workday does."""
    return person.worker_type == "contractor" or person.spells[0].teams[0][1] == catalogue.teams[-1].team_id


def write_hr(root: Path, plan: Plan, catalogue: Catalogue, people: People) -> None:
    """Everything under ``root``."""
    old = add_months(plan.last_day.replace(day=1), -2)
    exports = (
        Export(old, lambda day: day < old, has_edits=False),
        Export(plan.last_day + timedelta(days=1), lambda _: True, has_edits=True),
    )
    leads = {team.team_id: people.lead(team.team_id, plan.last_day) for team in catalogue.teams}
    staff = [p for p in people.engineers if not in_roster(p, catalogue)]
    others = [p for p in people.engineers if in_roster(p, catalogue)]
    for export in exports:
        folder = export.day.isoformat()
        workers = [row for p in staff for row in _worker_rows(p, export)]
        write_csv(root / "worker_history" / folder / "worker_history.csv", WORKER_HEADER, workers)
        positions = [row for p in staff for row in _position_rows(p, export)]
        write_csv(
            root / "worker_position_history" / folder / "worker_position_history.csv.gz",
            POSITION_HEADER,
            positions,
        )
        memberships = [row for p in staff for row in _membership_rows(p, catalogue, export)]
        write_csv(
            root / "worker_position_organization_history" / folder / "positions.csv.gz",
            MEMBERSHIP_HEADER,
            memberships,
        )
        write_csv(
            root / "organizations" / folder / "organizations.csv",
            ORGANISATION_HEADER,
            _organisation_rows(catalogue, leads, export),
        )
        roster = [row for p in others for row in _roster_rows(p, catalogue, export)]
        write_csv(root / "roster" / folder / "roster.csv", ROSTER_HEADER, roster, line_end="\r\n", mark=True)


def _known(person: Person, export: Export) -> list[Spell]:
    return [s for s in person.spells if export.knows(s.hired)]


def _ended(spell: Spell, export: Export) -> date | None:
    return spell.ended if spell.ended and export.knows(spell.ended) else None


def _regretted(spell: Spell, export: Export) -> str | None:
    # The older export has nobody's regret decided yet: the flag is typed in weeks after the exit.
    if not export.has_edits or spell.regretted is None or spell.kind is None:
        return None
    return "true" if spell.regretted else "false"


def _worker_rows(person: Person, export: Export) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    spells = _known(person, export)
    for number, spell in enumerate(spells):
        ended = _ended(spell, export)
        last = number == len(spells) - 1
        # The back-dated edit: the older export has some hired a fortnight later than was agreed afterwards.
        hired = spell.hired + timedelta(days=14 if not export.has_edits and person.number % 40 == 3 else 0)
        kind = f"Terminate_Employee_{spell.kind.capitalize()}" if ended and spell.kind else None
        rows.append(
            (
                person.worker_id, last, DAWN if number == 0 else f"{spell.hired} 00:00:00",
                FOREVER if last else f"{spells[number + 1].hired - timedelta(days=1)} 23:59:59", False,
                f"{export.day} 02:00:00", ended is None and not spell.rescinded, "EUR", CANARY_PAY,
                CANARY_PAY, None, None,
                CANARY_PAY, ended, hired, hired, "Hire_Employee_New_Hire", spell.rescinded,
                CANARY_TEXT, f"{CANARY_TEXT} told their manager" if ended else None, person.spells[0].hired,
                kind,
                spell.reason if ended else None, _regretted(spell, export) if ended else None, number > 0,
                False,
                ended is not None, ended, spell.kind != VOLUNTARY if ended else None, ended,
                f"{CANARY_TEXT}-{person.number}",
                person.login, person.number,
            )
        )  # fmt: skip
    return rows


def _stints(spell: Spell, export: Export) -> list[tuple[date, date | None, str]]:
    """First day, last day (None: to the end of the employment) and team of each position within an
    employment.
    """
    known = [(since, team) for since, team in spell.teams if export.knows(since)]
    stints = []
    for number, (since, team) in enumerate(known):
        until = known[number + 1][0] - timedelta(days=1) if number + 1 < len(known) else _ended(spell, export)
        stints.append((since, until, team))
    return stints


def _position_id(person: Person, since: date) -> str:
    return f"{since.toordinal():08x}{person.worker_id[8:]}"


def _position_rows(person: Person, export: Export) -> list[tuple[object, ...]]:
    kind = {"employee": "Regular", "intern": "Intern", "contractor": "Contractor"}[person.worker_type]
    return [
        (
            _position_id(person, since), person.worker_id, True, DAWN, FOREVER, False,
            f"{export.day} 02:00:00", "Berlin",
            f"{CANARY_TEXT} Engineer", since, kind, until, until, False, False,
            80 if person.number % 10 == 0 else 100, True,
            CANARY_PAY, since,
        )
        for spell in _known(person, export) for since, until, _ in _stints(spell, export)
    ]  # fmt: skip


def _membership_rows(person: Person, catalogue: Catalogue, export: Export) -> list[tuple[object, ...]]:
    """Each position belongs to the team's organisation, and to a cost centre that no team is."""
    rows: list[tuple[object, ...]] = []
    for spell in _known(person, export):
        for since, until, team in _stints(spell, export):
            organisations = (catalogue.team(team).hr_organisation, "c057ce27e" + "0" * 23)
            rows += [
                (
                    DAWN, index, _position_id(person, since), person.worker_id, True, FOREVER,
                    f"{export.day} 02:00:00",
                    until, organisation, "Berlin", index == 0,
                )
                for index, organisation in enumerate(organisations)
            ]  # fmt: skip
    return rows


def _organisation_rows(
    catalogue: Catalogue, leads: Mapping[str, Person], export: Export
) -> list[tuple[object, ...]]:
    synced = f"{export.day} 02:00:00"
    top = "0" * 31 + "1"
    rows: list[tuple[object, ...]] = [
        (team.hr_organisation, False, synced, None, False, synced, "Berlin", leads[team.team_id].worker_id,
         team.name,
         f"SUPERVISORY_{team.team_id}", "Group", top, top, "SUPERVISORY")
        for team in catalogue.teams
    ]  # fmt: skip
    centre = "c057ce27e" + "0" * 23
    rows.append(
        (
            centre,
            False,
            synced,
            None,
            False,
            synced,
            "Berlin",
            None,
            "Engineering",
            "CC-100",
            "",
            top,
            top,
            "COST_CENTER",
        )
    )
    return rows


def _roster_rows(person: Person, catalogue: Catalogue, export: Export) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for spell in _known(person, export):
        if spell.rescinded:
            continue
        ended = _ended(spell, export)
        for since, until, team in _stints(spell, export):
            rows.append(
                (
                    person.worker_id, person.name, person.email, person.worker_type, spell.hired, ended,
                    spell.kind if ended else None, spell.reason if ended else None,
                    _regretted(spell, export) if ended else None, catalogue.team(team).hr_organisation,
                    person.manager,
                    0.8 if person.number % 10 == 0 else 1, since,
                    until + timedelta(days=1) if until and until != ended else None, CANARY_PAY,
                )
            )  # fmt: skip
    return rows
