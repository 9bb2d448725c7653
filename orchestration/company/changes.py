"""Pull requests as people and bots open them, and when each is to be merged or closed."""

from __future__ import annotations

import random
from datetime import date, timedelta

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.mainline import Commit, PullRequest, new_sha, touched_files
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, epoch, poisson
from orchestration.company.stories import HURRY_FREQUENCY, Stories

VERBS = (
    "Add",
    "Cache",
    "Drop",
    "Extract",
    "Guard",
    "Handle",
    "Log",
    "Move",
    "Paginate",
    "Retry",
    "Simplify",
    "Speed up",
)
NOUNS = ("request ids", "stale sessions", "retry budget", "order totals", "audit trail", "locale fallback",
"batch size",
         "idle connections", "schema check", "rate limits", "webhook signatures", "empty carts")  # fmt: skip
CHANGES_PER_ENGINEER_DAY = 0.15


def plan_pull_requests(
    plan: Plan, stories: Stories, catalogue: Catalogue, people: People
) -> list[PullRequest]:
    """Every ordinary pull request of the period, with the time at which it will be merged or closed, if it
    will be.
    """
    rng = plan.rng("changes")
    pulls: list[PullRequest] = []
    bots = people.bots[:2]
    members: dict[str, list[Person]] = {}
    for number, day in enumerate(plan.days):
        if number % 7 == 0 or not members:
            members = {team.team_id: people.members(team.team_id, day) for team in catalogue.teams}
        if day.weekday() >= 5:
            continue
        hurry = HURRY_FREQUENCY if stories.hurried(day) else 1.0
        for team in catalogue.teams:
            owned = [s for s in catalogue.services if catalogue.owner_of(s, day) == team.team_id]
            present = [p for p in members[team.team_id] if any(spell.employed_on(day) for spell in p.spells)]
            if not owned or len(present) < 2:
                continue
            for _ in range(poisson(rng, len(present) * CHANGES_PER_ENGINEER_DAY * hurry)):
                service = rng.choice(owned)
                pulls.append(_pull_request(rng, catalogue, service, day, rng.choice(present), present, hurry))
        for service in catalogue.services:
            if rng.random() < 0.035:
                pulls.append(_bot_pull_request(rng, service, day, rng.choice(bots)))
        if rng.random() < 0.3:
            team = rng.choice(catalogue.teams)
            present = [p for p in members[team.team_id] if any(spell.employed_on(day) for spell in p.spells)]
            pulls.append(_pull_request(rng, catalogue, catalogue.shadow, day, present[0], present, 1.0))
    return [pull for pull in pulls if pull.opened < plan.end]


def _working_instant(rng: random.Random, day: date) -> int:
    return epoch(day) + 8 * HOUR + rng.randrange(10 * HOUR)


def next_working_day(day: date, count: int) -> date:
    """The day ``count`` working days after ``day``."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _pull_request(
    rng: random.Random,
    catalogue: Catalogue,
    service: Service,
    day: date,
    author: Person,
    present: list[Person],
    hurry: float,
) -> PullRequest:
    opened = _working_instant(rng, day)
    services = [service]
    if service.in_monorepo and rng.random() < 0.1:
        neighbours = [
            s for s in catalogue.services if s.repository == service.repository and s is not service
        ]
        services.append(rng.choice(neighbours))
    title = f"{rng.choice(VERBS)} {rng.choice(NOUNS)} in {service.service_id}"
    pull = PullRequest(
        repository=service.repository,
        author=author,
        services=tuple(services),
        title=title,
        branch=f"{author.login.split('-')[0]}/{title.split()[0].lower()}-{rng.randrange(10_000)}",
        opened=opened,
        method=rng.choices(("squash", "merge", "rebase"), (70, 20, 10))[0],
        commits=[],
    )
    delay = rng.choices((0, 1, 2, 3, 5, 8), (38, 27, 15, 10, 7, 3))[0]
    if hurry > 1 and delay:
        delay -= 1
    done = opened + rng.randrange(20 * 60, 5 * HOUR)
    if delay:
        done = _working_instant(rng, next_working_day(day, delay))
    fate = rng.random()
    if fate < 0.93:
        pull.merged = pull.closed = done
    elif fate < 0.975:
        pull.closed = done
    else:
        pull.is_draft = fate > 0.99
    begun = opened - rng.randrange(15 * 60, 2 * DAY)
    moments = sorted(
        rng.randrange(begun, max(begun + 1, done - 600))
        for _ in range(rng.choices((0, 1, 2, 4), (4, 3, 2, 1))[0])
    )
    for index, moment in enumerate([begun, *moments]):
        wording = title if index == 0 else rng.choice(("Address review", "Fix test", "Tidy up", "Rename"))
        pull.commits.append(
            Commit(
                new_sha(rng),
                author,
                moment,
                moment + rng.randrange(60),
                wording,
                files=touched_files(rng, pull.services),
            )
        )
    if rng.random() < 0.004:
        # A laptop clock that runs three days ahead: the commit seems younger than its deployment.
        for commit in pull.commits:
            commit.authored += 3 * DAY + (opened - begun)
    _review(rng, pull, present, opened, done)
    return pull


def _review(rng: random.Random, pull: PullRequest, present: list[Person], opened: int, done: int) -> None:
    others = [p for p in present if p is not pull.author]
    if not others or done - opened < 600:
        return
    if rng.random() < 0.15:
        pull.reviews.append((pull.author, opened + 120, "COMMENTED"))  # answering oneself is no review
    first = rng.randrange(opened + 300, done)
    if rng.random() < 0.92:
        state = "CHANGES_REQUESTED" if rng.random() < 0.15 and len(pull.commits) > 1 else "APPROVED"
        pull.reviews.append((rng.choice(others), first, state))
        if state == "CHANGES_REQUESTED":
            pull.reviews.append((rng.choice(others), rng.randrange(first, done + 1), "APPROVED"))


def _bot_pull_request(rng: random.Random, service: Service, day: date, bot: Person) -> PullRequest:
    opened = epoch(day) + 4 * HOUR + rng.randrange(2 * HOUR)
    package = rng.choice(("requests", "urllib3", "openssl", "react", "grpcio"))
    merged = opened + rng.randrange(5 * HOUR, 4 * DAY) if rng.random() < 0.8 else None
    commit = Commit(
        new_sha(rng), bot, opened - 60, opened - 60, f"Bump {package}", files=touched_files(rng, (service,))
    )
    return PullRequest(
        repository=service.repository,
        author=bot,
        services=(service,),
        title=f"Bump {package} from 1.{rng.randrange(9)} to 2.{rng.randrange(9)}",
        branch=f"{bot.login.removesuffix('[bot]')}/{package}-{rng.randrange(10_000)}",
        opened=opened,
        method="squash",
        commits=[commit],
        merged=merged,
        closed=merged,
        labels=("dependencies",),
    )
