"""The engineers: employments, teams, managers, and why some left. All names are made up."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from orchestration.company.catalogue import Catalogue, Team
from orchestration.company.plan import Plan, add_months
from orchestration.company.stories import Stories

FIRST_NAMES = (
    "Aino", "Bram", "Chidi", "Dalia", "Emre", "Farah", "Goran", "Hana", "Ines", "Jonas", "Keiko", "Lamar",
    "Mirela",
    "Nadir", "Oona", "Pavel", "Quinn", "Rosa", "Sanjit", "Tuva", "Umut", "Vera", "Wanjiru", "Xenia", "Yusuf",
    "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Brandvold", "Castellan", "Dragomir", "Eskelin", "Ferreiro", "Grabowska", "Hartono", "Ilves",
    "Jurado",
    "Kessler", "Lindqvist", "Mazur", "Nakagawa", "Okonjo", "Petrakis", "Quispe", "Rautio", "Sandoval",
    "Thorne",
    "Ueda", "Vasquez", "Wierzba", "Yildirim", "Zielke",
)  # fmt: skip
TIME_ZONES = (
    "Europe/Berlin",
    "Europe/Lisbon",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Tokyo",
)
# Every personal value carries one of these marks, so that a test can look for them where they must not be.
CANARY_MAIL = "people.harbourly.example"
CANARY_NAME = "Canarino"
CANARY_PAY = "98765.43"
CANARY_TEXT = "CANARY-PERSONAL"
VOLUNTARY, INVOLUNTARY = "voluntary", "involuntary"
REASONS = {
    VOLUNTARY: ("Better_Opportunity", "Relocation", "Career_Change", "Personal_Reasons"),
    INVOLUNTARY: ("Poor_Job_Performance", "Position_Eliminated"),
}


@dataclass
class Spell:
    """One employment. ``ended`` is its last day, on which the person is still employed."""

    hired: date
    ended: date | None = None
    kind: str | None = None
    reason: str | None = None
    regretted: bool | None = None
    rescinded: bool = False
    teams: list[tuple[date, str]] = field(default_factory=list)  # team from each day on

    def employed_on(self, day: date) -> bool:
        """Whether the person is employed on this day."""
        return not self.rescinded and self.hired <= day and (self.ended is None or day <= self.ended)

    def team_on(self, day: date) -> str:
        """Team on a day within the spell."""
        return [team for since, team in self.teams if since <= day][-1]


@dataclass
class Person:
    """An engineer, or a bot that acts like one."""

    worker_id: str
    number: int
    name: str
    login: str
    email: str
    time_zone: str
    worker_type: str  # employee, contractor, intern, bot
    pagerduty_id: str
    spells: list[Spell] = field(default_factory=list)
    manager: str | None = None

    @property
    def is_bot(self) -> bool:
        """Whether it is not a human."""
        return self.worker_type == "bot"

    @property
    def account_type(self) -> str:
        """GitHub's ``user.type``; a machine user is a User there, and only its name tells."""
        return "Bot" if self.login.endswith("[bot]") else "User"


@dataclass(frozen=True)
class People:
    """All engineers, in the order of their numbers, and the bots."""

    engineers: tuple[Person, ...]
    bots: tuple[Person, ...]

    def members(self, team_id: str, day: date) -> list[Person]:
        """Who is employed in a team on a day."""
        found = []
        for person in self.engineers:
            for spell in person.spells:
                if spell.employed_on(day) and spell.team_on(day) == team_id:
                    found.append(person)
        return found

    def lead(self, team_id: str, day: date) -> Person:
        """Who manages those who are employed in a team on a day."""
        leads = {person.manager for person in self.members(team_id, day) if person.manager}
        return next(person for person in self.engineers if person.worker_id in leads)


def build_people(plan: Plan, stories: Stories, catalogue: Catalogue) -> People:
    """Everybody who worked there in the period, with what the stories did to them."""
    rng = plan.rng("people")
    engineers = [
        _hire(
            rng,
            number,
            catalogue.teams[number % plan.team_count],
            plan.first_day - timedelta(days=rng.randrange(30, 1_800)),
        )
        for number in range(plan.engineer_count)
    ]
    newcomers = round(plan.engineer_count * 0.13 * plan.months / 12)
    for number in range(plan.engineer_count, plan.engineer_count + newcomers):
        hired = plan.first_day + timedelta(days=rng.randrange(len(plan.days)))
        engineers.append(_hire(rng, number, catalogue.teams[rng.randrange(plan.team_count)], hired))
    _let_go(rng, plan, engineers)
    alumni = round(plan.engineer_count * 0.2)
    engineers += [
        _former(rng, number, plan, catalogue) for number in range(len(engineers), len(engineers) + alumni)
    ]
    _raise_wave(rng, stories, catalogue, engineers)
    _transfer(rng, plan, catalogue, engineers)
    _plant_oddities(rng, plan, engineers)
    _appoint_managers(catalogue, engineers, plan.first_day)
    bots = [
        Person(f"bot-{number}", 90_000 + number, login, login, "bot@noreply.example", "UTC", "bot", "")
        for number, login in enumerate(
            ("dependabot[bot]", "renovate[bot]", "github-actions[bot]", "harbourly-release-bot")
        )
    ]
    return People(tuple(engineers), tuple(bots))


def _hire(rng: random.Random, number: int, team: Team, hired: date) -> Person:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    login = f"{first}-{last}-{number}".lower()
    draw = rng.random()
    worker_type = "employee" if draw < 0.88 else "contractor" if draw < 0.96 else "intern"
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return Person(
        worker_id=f"{rng.getrandbits(128):032x}",
        number=10_000 + number,
        name=f"{first} {CANARY_NAME} {last}",
        login=login,
        email=f"{login}@{CANARY_MAIL}",
        time_zone=rng.choice(TIME_ZONES),
        worker_type=worker_type,
        pagerduty_id="P" + "".join(rng.choice(letters) for _ in range(6)),
        spells=[Spell(hired=hired, teams=[(hired, team.team_id)])],
    )


def end_spell(rng: random.Random, spell: Spell, last_day: date, kind: str, regretted: bool | None) -> None:
    """End an employment on ``last_day``."""
    spell.ended, spell.kind, spell.regretted = last_day, kind, regretted
    spell.reason = f"Terminate_Employee_{kind.capitalize()}_{rng.choice(REASONS[kind])}"


def _former(rng: random.Random, number: int, plan: Plan, catalogue: Catalogue) -> Person:
    """Somebody who came and went before the first day: HR keeps them, and nothing else knows them."""
    hired = plan.first_day - timedelta(days=rng.randrange(150, 1_800))
    person = _hire(rng, number, rng.choice(catalogue.teams), hired)
    served = rng.randrange(90, (plan.first_day - hired).days)
    kind = VOLUNTARY if rng.random() < 0.75 else INVOLUNTARY
    end_spell(
        rng, person.spells[0], hired + timedelta(days=served), kind, kind == VOLUNTARY and rng.random() < 0.35
    )
    return person


def _let_go(rng: random.Random, plan: Plan, engineers: list[Person]) -> None:
    """Ordinary leavers: about 11 in 100 a year, three quarters of their own will, a third of those
    regretted.
    """
    for person in engineers:
        spell = person.spells[0]
        day = plan.first_day + timedelta(days=int(rng.expovariate(0.11 / 365)))
        kind = VOLUNTARY if rng.random() < 0.75 else INVOLUNTARY
        draw = rng.random()
        if day > plan.last_day or day <= spell.hired + timedelta(days=20):
            continue
        regretted = False if kind == INVOLUNTARY else True if draw < 0.35 else None if draw < 0.5 else False
        end_spell(rng, spell, day, kind, regretted)


def _raise_wave(rng: random.Random, stories: Stories, catalogue: Catalogue, engineers: list[Person]) -> None:
    """The wave of leavers in one group: 8 in 100 of it within two months, two thirds regretted, some
    undecided.
    """
    span = (stories.leavers_until - stories.leavers_from).days
    present = [
        person
        for person in engineers
        if person.worker_type == "employee"
        and person.spells[0].employed_on(stories.leavers_until)
        and person.spells[0].hired < stories.leavers_from
        and catalogue.group_of(person.spells[0].teams[0][1], stories.leavers_from) == stories.leavers_group
    ]
    for index, person in enumerate(rng.sample(present, max(3, round(len(present) * 0.08)))):
        day = stories.leavers_from + timedelta(days=rng.randrange(span))
        end_spell(rng, person.spells[0], day, VOLUNTARY, (True, True, None)[index % 3])


def _transfer(rng: random.Random, plan: Plan, catalogue: Catalogue, engineers: list[Person]) -> None:
    """One in fifteen changes team once: no exit of the company, and no exit of their old team by leaving
    it.
    """
    for person in engineers:
        spell = person.spells[0]
        day = plan.first_day + timedelta(days=rng.randrange(30, len(plan.days)))
        target = rng.choice(catalogue.teams).team_id
        there = spell.hired < day and (spell.ended is None or day < spell.ended)
        if rng.random() < 1 / 15 and there and target != spell.teams[0][1]:
            spell.teams.append((day, target))


def _plant_oddities(rng: random.Random, plan: Plan, engineers: list[Person]) -> None:
    """A rehire, a hire that was rescinded, and terminations that are known but have not come yet."""
    stayed = [
        p
        for p in engineers
        if p.worker_type == "employee" and p.spells[0].ended is None and len(p.spells[0].teams) == 1
    ]
    returning, rescinded, *leaving = rng.sample(stayed, 4)
    back = add_months(plan.last_day.replace(day=1), -1) + timedelta(days=9)
    team = returning.spells[0].teams[0][1]
    returning.spells[0].hired = min(returning.spells[0].hired, plan.first_day - timedelta(days=60))
    returning.spells[0].teams = [(returning.spells[0].hired, team)]
    end_spell(rng, returning.spells[0], back - timedelta(days=120), VOLUNTARY, True)
    returning.spells.append(Spell(hired=back, teams=[(back, team)]))
    rescinded.spells[0] = Spell(
        hired=plan.last_day - timedelta(days=40),
        rescinded=True,
        teams=[(plan.last_day - timedelta(days=40), team)],
    )
    for index, person in enumerate(leaving):
        end_spell(rng, person.spells[0], plan.last_day + timedelta(days=15 + 20 * index), VOLUNTARY, True)


def _appoint_managers(catalogue: Catalogue, engineers: list[Person], first_day: date) -> None:
    """The longest-serving employee of a team manages it."""
    for team in catalogue.teams:
        staff = [
            p for p in engineers if p.worker_type == "employee" and p.spells[-1].teams[-1][1] == team.team_id
            and p.spells[0].hired < first_day and len(p.spells) == 1
        ]  # fmt: skip
        lead = min(staff, key=lambda p: (p.spells[0].ended is not None, p.spells[0].hired, p.number))
        for person in engineers:
            if person.spells[-1].teams[-1][1] == team.team_id and person is not lead:
                person.manager = lead.worker_id
