"""Performance reviews, twice a year: a report of the HR system, and the truth about the quality of hire."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.company.people import CANARY_TEXT, People, Person
from orchestration.company.plan import Plan, add_months, quarter_of
from orchestration.company.truth import Row
from orchestration.company.writing import write_csv

RATINGS = ("Exceeds expectations", "Meets expectations", "Below expectations")
WEIGHTS = (25, 60, 15)
JUDGED_AFTER, RATED_WITHIN = timedelta(days=180), timedelta(days=270)


@dataclass(frozen=True)
class Review:
    """One person's rating at the end of one cycle."""

    person: Person
    day: date
    rating: str


def review(plan: Plan, people: People) -> list[Review]:
    """Everybody who is employed in the middle of January and of July, and has been for a month."""
    rng = plan.rng("reviews")
    days = [first + timedelta(days=14) for first in plan.month_starts if first.month in (1, 7)]
    return [
        Review(person, day, rng.choices(RATINGS, WEIGHTS)[0])
        for day in days
        if day <= plan.last_day
        for person in people.engineers
        for spell in person.spells
        if spell.employed_on(day) and spell.hired <= day - timedelta(days=30)
    ]


def write_reviews(root: Path, plan: Plan, reviews: list[Review]) -> None:
    """The whole history of ratings as one report."""
    folder = add_months(plan.last_day.replace(day=1), 1).isoformat()
    write_csv(
        root / "performance_ratings" / folder / "ratings.csv",
        ("Worker ID", "Worker Name", "Review Cycle", "Completed On", "Overall Rating", "Comments"),
        [
            (
                r.person.worker_id,
                r.person.name,
                f"{r.day.year} H{1 + r.day.month // 7}",
                r.day,
                r.rating,
                CANARY_TEXT,
            )
            for r in reviews
        ],
    )


def quality_of_hire(plan: Plan, people: People, reviews: list[Review]) -> list[Row]:
    """Hires judged and found good, by the team that hired and the quarter in which 180 days were over."""
    rated: dict[str, list[Review]] = defaultdict(list)
    for found in reviews:
        rated[found.person.worker_id].append(found)
    days = {found.day for found in reviews}
    cells: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for person in people.engineers:
        for spell in person.spells:
            judged = spell.hired + JUDGED_AFTER
            if person.worker_type != "employee" or spell.rescinded or judged > plan.last_day:
                continue
            window = (spell.hired, spell.hired + RATED_WITHIN)
            own = [r for r in rated[person.worker_id] if window[0] <= r.day <= window[1]]
            left = spell.ended is not None and spell.ended < judged
            if not any(window[0] <= day <= window[1] for day in days) or not (left or own):
                continue
            good = not left and max(own, key=lambda r: r.day).rating != RATINGS[-1]
            cells[spell.team_on(spell.hired), quarter_of(judged)].append(good)
    return [
        {
            "segment_type": "team",
            "segment_id": team,
            "quarter": quarter,
            "hires": len(found),
            "good": sum(found),
        }
        for (team, quarter), found in sorted(cells.items())
    ]
