"""Surveys among employees (eNPS, each quarter) and stakeholders (each half-year), and their exports.

The first eNPS wave is an export that the survey tool has counted itself, small teams hidden in it; the second
one comes from Qualtrics; all others are neutral, respondent by respondent. Somebody answers twice, somebody
gives a score that the scale does not have, and comments and addresses are filled, as in real exports.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from orchestration.company.catalogue import Catalogue
from orchestration.company.people import CANARY_MAIL, CANARY_NAME, CANARY_TEXT, People
from orchestration.company.plan import Plan
from orchestration.company.stories import Stories
from orchestration.company.writing import to_json, write_csv

ENPS, STAKEHOLDERS, QUALTRICS = "employee-pulse", "stakeholder-pulse", "SV_4Harbourly0Pulse"
# People asked per function at scale 1; the executives are too few to be told apart.
FUNCTIONS = {"product": 40, "support": 30, "sales": 24, "marketing": 9, "executives": 4}
# Until then stakeholders were asked on seven points: the seed survey_scales says so too.
FIVE_POINTS_FROM = date(2025, 10, 1)
SMALLEST_TOLD = 5  # the survey tool hides smaller groups
ANSWER_SHARE = 0.72
QUALTRICS_HEADER = (
    ("StartDate", "Start Date", "startDate"), ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"), ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"), ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"), ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("enps", "How likely are you to recommend us\nas a place to work?", "QID1"),
    ("enps_NPS_GROUP", "How likely are you to recommend us\nas a place to work? - Group", "QID1_NPS_GROUP"),
    ("Q2", "What should we change?", "QID2_TEXT"), ("wave", "wave", "wave"), ("team", "team", "team"),
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One answer; ``segment``: team or function; not ``counts``: planted, to be left out."""

    respondent: str
    segment: str
    day: date
    score: int
    counts: bool = True


@dataclass
class Wave:
    """One wave; ``form`` is counted, qualtrics or neutral, ``invited`` people by segment."""

    survey_id: str
    wave_id: str
    opened: date
    closed: date
    form: str
    scale: tuple[int, int]
    invited: dict[str, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def counted(self, segment: str) -> list[int]:
        """The scores of a segment that count."""
        return [a.score for a in self.answers if a.segment == segment and a.counts]

    def is_told(self, segment: str) -> bool:
        """Whether the export tells of the segment: where the survey tool counts, it hides small ones."""
        return self.form != "counted" or len(self.counted(segment)) >= SMALLEST_TOLD


def survey(plan: Plan, stories: Stories, catalogue: Catalogue, people: People) -> list[Wave]:
    """Every wave that closed by the last day, by the day of its end."""
    rng = plan.rng("surveys")
    waves: list[Wave] = []
    for month in plan.month_starts:
        if month.month % 6 == 0 and month.replace(day=10) <= plan.last_day:
            waves.append(_ask_stakeholders(rng, plan, stories, month.replace(day=10)))
        if month.month % 3 == 0 and month.replace(day=15) <= plan.last_day:
            waves.append(_ask_employees(rng, stories, catalogue, people, month.replace(day=15)))
    for wave, form in zip([w for w in waves if w.survey_id == ENPS], ("counted", "qualtrics"), strict=False):
        wave.form = form
        if form == "qualtrics":
            wave.survey_id = QUALTRICS
    return waves


def _ask_employees(
    rng: random.Random, stories: Stories, catalogue: Catalogue, people: People, closed: date
) -> Wave:
    quarter = f"{closed.year}-Q{(closed.month + 2) // 3}"
    wave = Wave(ENPS, quarter, closed - timedelta(days=13), closed, "neutral", (0, 10))
    for team in catalogue.teams:
        members = people.members(team.team_id, wave.opened)
        group = catalogue.group_of(team.team_id, closed)
        unhappy = group == stories.leavers_group and closed >= stories.hurried_from
        wave.invited[team.team_id] = len(members)
        for person in members:
            if rng.random() < ANSWER_SHARE:
                score = round(min(10, max(0, rng.gauss(6.2 if unhappy else 7.9, 2))))
                day = wave.opened + timedelta(days=rng.randrange(13))
                wave.answers.append(Answer(person.email, team.team_id, day, score))
    _plant(wave, rng, highest=10)
    return wave


def _ask_stakeholders(rng: random.Random, plan: Plan, stories: Stories, closed: date) -> Wave:
    half = f"{closed.year}-H{1 if closed.month < 7 else 2}"
    highest = 5 if closed >= FIVE_POINTS_FROM else 7
    wave = Wave(STAKEHOLDERS, half, closed - timedelta(days=9), closed, "neutral", (1, highest))
    for function, count in FUNCTIONS.items():
        wave.invited[function] = max(3, round(count * max(plan.scale, 0.5)))
        mood = 0.55 if stories.hurried(closed) or closed >= stories.hurried_until else 0.7
        for number in range(wave.invited[function]):
            if rng.random() < ANSWER_SHARE:
                score = 1 + sum(rng.random() < mood for _ in range(highest - 1))
                day = wave.opened + timedelta(days=rng.randrange(9))
                address = f"{function}-{number}@{CANARY_MAIL}"
                wave.answers.append(Answer(address, function, day, score))
    _plant(wave, rng, highest=highest)
    return wave


def _plant(wave: Wave, rng: random.Random, highest: int) -> None:
    """An earlier answer of somebody who answered again, and one score beyond the scale."""
    again = rng.choice(wave.answers)
    earlier = Answer(again.respondent, again.segment, wave.opened - timedelta(days=1), 1, counts=False)
    beyond = Answer(f"slip@{CANARY_MAIL}", again.segment, wave.closed, highest + 1, counts=False)
    wave.answers += [earlier, beyond]


def write_surveys(root: Path, waves: list[Wave]) -> None:
    """Everything under ``root``; each wave is delivered on the day after its end."""
    for wave in waves:
        folder = (wave.closed + timedelta(days=1)).isoformat()
        name = f"{wave.survey_id}-{wave.wave_id}.csv"
        segment = "function" if wave.survey_id == STAKEHOLDERS else "team"
        write_csv(
            root / "waves" / folder / name, ("survey_id", "wave_id", "opened_on", "closed_on"),
            [(wave.survey_id, wave.wave_id, wave.opened, wave.closed)],
        )  # fmt: skip
        write_csv(
            root / "invitations" / folder / name, ("Survey ID", "Wave ID", segment, "Invited"),
            [(wave.survey_id, wave.wave_id, s, count) for s, count in wave.invited.items()],
        )  # fmt: skip
        if wave.form == "counted":
            _write_counts(root / "results" / folder / name, wave)
        elif wave.form == "qualtrics":
            _write_qualtrics(root / "qualtrics_responses" / wave.survey_id / f"{wave.wave_id}.csv", wave)
        else:
            _write_answers(root / "answers" / folder / name, wave, segment)


def _write_answers(path: Path, wave: Wave, segment: str) -> None:
    question = "satisfaction" if segment == "function" else "enps"
    rows = [
        (wave.survey_id, wave.wave_id, a.respondent, f"{a.day}T10:00:00Z", question, a.score, a.segment,
        a.respondent, f"{CANARY_TEXT} {wave.wave_id}")
        for a in wave.answers
    ]  # fmt: skip
    header = ("survey_id", "wave_id", "respondent_id", "answered_at", "question_code", "score", segment)
    write_csv(path, (*header, "email", "comment"), rows)


def counts_of(scores: list[int]) -> tuple[int, int, int]:
    """Promoters, passives and detractors."""
    promoters, detractors = sum(s >= 9 for s in scores), sum(s <= 6 for s in scores)
    return promoters, len(scores) - promoters - detractors, detractors


def _write_counts(path: Path, wave: Wave) -> None:
    rows: list[tuple[object, ...]] = []
    for team in wave.invited:
        scores = wave.counted(team)
        told = (len(scores), *counts_of(scores)) if wave.is_told(team) else ("<5", "<5", "<5", "<5")
        rows.append((wave.survey_id, wave.wave_id, wave.closed, "eNPS", team, *told))
    everybody = [a.score for a in wave.answers if a.counts]
    total = (len(everybody), *counts_of(everybody))
    rows.append((wave.survey_id, wave.wave_id, wave.closed, "eNPS", None, *total))
    header = ("survey_id", "wave_id", "wave_date", "question_code", "team", "n_responded")
    write_csv(path, (*header, "n_promoters", "n_passives", "n_detractors"), rows)


def _write_qualtrics(path: Path, wave: Wave) -> None:
    """The response export: three header rows, a preview and an unfinished response among the others."""
    names, texts, ids = zip(*QUALTRICS_HEADER, strict=True)
    imports = tuple(to_json({"ImportId": name}) for name in ids)
    rows: list[tuple[object, ...]] = [texts, imports]
    # Qualtrics lets nobody answer twice over a personal link, and its scale ends where it ends.
    answers = [a for a in wave.answers if a.counts]
    for number, answer in enumerate(answers):
        rows.append(_response(wave, number, answer, "IP Address", finished=True))
    rows.append(_response(wave, len(answers), answers[0], "Survey Preview", finished=True))
    rows.append(_response(wave, len(answers) + 1, answers[0], "IP Address", finished=False))
    write_csv(path, names, rows, mark=True)


def _response(wave: Wave, number: int, answer: Answer, status: str, finished: bool) -> tuple[object, ...]:
    group = 3 if answer.score >= 9 else 2 if answer.score >= 7 else 1
    return (
        f"{answer.day} 09:58:00", f"{answer.day} 10:00:00", status, "192.0.2.17", 100 if finished else 40,
        str(finished), f"{answer.day} 10:00:01", f"R_{wave.wave_id}{number:05d}", CANARY_NAME,
        answer.respondent, "email", answer.score, group, f"{CANARY_TEXT},\nand more",
        wave.wave_id, answer.segment,
    )  # fmt: skip
