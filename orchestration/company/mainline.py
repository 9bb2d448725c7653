"""Commits, pull requests, and the default branch onto which they land."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, Plan


@dataclass(eq=False)
class Commit:
    """A commit. ``pull`` is the pull request that it lands (squash or merge commit), whose number its title
    takes.
    """

    sha: str
    author: Person
    authored: int
    committed: int
    title: str
    parents: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    pull: PullRequest | None = None
    landing: str = ""  # squash or merge: made by GitHub when it landed ``pull``
    reverts: str = ""


@dataclass(eq=False)
class PullRequest:
    """A pull request. Instants are epoch seconds; ``merged`` None: never merged; ``closed`` None: still
    open.
    """

    repository: str
    author: Person
    services: tuple[Service, ...]
    title: str
    branch: str
    opened: int
    method: str  # squash, merge or rebase
    commits: list[Commit]
    merged: int | None = None
    closed: int | None = None
    reviews: list[tuple[Person, int, str]] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    is_draft: bool = False
    number: int = 0  # within its repository
    ordinal: int = 0  # over all repositories
    merge_sha: str = ""
    reverted: PullRequest | None = None

    @property
    def is_bot(self) -> bool:
        """Whether a bot opened it."""
        return self.author.is_bot

    @property
    def first_authored(self) -> int:
        """Earliest author time of its commits."""
        return min(commit.authored for commit in self.commits)


@dataclass(eq=False)
class Landing:
    """A change on the default branch: a pull request, or a commit pushed straight onto it."""

    at: int
    services: tuple[Service, ...]
    pull: PullRequest | None
    commit: Commit | None
    is_fix: bool = False

    @property
    def first_authored(self) -> int:
        """Where its lead time starts, epoch seconds."""
        if self.pull:
            return self.pull.first_authored
        assert self.commit is not None
        return self.commit.authored

    @property
    def is_bot(self) -> bool:
        """Whether a bot made it."""
        if self.pull:
            return self.pull.is_bot
        assert self.commit is not None
        return self.commit.author.is_bot


@dataclass(eq=False)
class Mainline:
    """The default branch of one repository, grown in time order."""

    repository: str
    branch: str
    commits: list[Commit] = field(default_factory=list)  # all that are reachable, in order of arrival
    heads: list[str] = field(default_factory=list)  # tip after each landing
    times: list[int] = field(default_factory=list)  # instant of each landing
    landings: list[Landing] = field(default_factory=list)

    def index_at(self, instant: int) -> int:
        """Number of the latest landing at or before an instant; −1 before the first."""
        return bisect_right(self.times, instant) - 1

    def push(self, landing: Landing, commits: list[Commit]) -> None:
        """Append a landing whose last commit becomes the tip."""
        self.commits.extend(commits)
        self.heads.append(commits[-1].sha)
        self.times.append(landing.at)
        self.landings.append(landing)


def new_sha(rng: random.Random) -> str:
    """40 hex digits."""
    return f"{rng.getrandbits(160):040x}"


def touched_files(rng: random.Random, services: tuple[Service, ...]) -> tuple[str, ...]:
    """Paths that a commit touches: under each service's folder in a monorepo, else anywhere."""
    return tuple(
        (f"services/{service.service_id}/" if service.in_monorepo else "")
        + f"src/module_{rng.randrange(40)}.py"
        for service in services
    )


def land(rng: random.Random, line: Mainline, pull: PullRequest, is_fix: bool = False) -> None:
    """Bring a pull request onto the default branch by its merge method."""
    assert pull.merged is not None
    head = line.heads[-1]
    base_index = max(0, line.index_at(pull.commits[0].committed))
    parent = line.heads[base_index]
    for commit in pull.commits:
        commit.parents = (parent,)
        parent = commit.sha
    if pull.method == "merge":
        last = Commit(
            new_sha(rng),
            pull.author,
            pull.merged,
            pull.merged,
            "",
            (head, parent),
            pull.commits[-1].files,
            pull,
            "merge",
        )
        landed = [*pull.commits, last]
    elif pull.method == "rebase":
        landed = []
        for commit in pull.commits:
            copy = Commit(
                new_sha(rng), commit.author, commit.authored, pull.merged, commit.title, (head,), commit.files
            )
            copy.reverts = commit.reverts
            head = copy.sha
            landed.append(copy)
    else:
        files = tuple(dict.fromkeys(path for commit in pull.commits for path in commit.files))
        landed = [
            Commit(new_sha(rng), pull.author, pull.merged, pull.merged, "", (head,), files, pull, "squash")
        ]
        landed[0].reverts = next((c.reverts for c in pull.commits if c.reverts), "")
    pull.merge_sha = landed[-1].sha
    line.push(Landing(pull.merged, pull.services, pull, None, is_fix), landed)


def push_commit(line: Mainline, commit: Commit, services: tuple[Service, ...], is_fix: bool = False) -> None:
    """Push a commit straight onto the default branch."""
    commit.parents = (line.heads[-1],) if line.heads else ()
    line.push(Landing(commit.committed, services, None, commit, is_fix), [commit])


def found_repositories(plan: Plan, catalogue: Catalogue, people: People) -> dict[str, Mainline]:
    """Each repository with its first commit, a month before the first day."""
    rng = plan.rng("repositories")
    lines: dict[str, Mainline] = {}
    for service in (*catalogue.services, catalogue.shadow):
        if service.repository not in lines:
            line = Mainline(service.repository, "master" if rng.random() < 0.15 else "main")
            at = plan.start - 30 * DAY + rng.randrange(DAY)
            sharing = tuple(s for s in catalogue.services if s.repository == service.repository) or (service,)
            push_commit(
                line,
                Commit(
                    new_sha(rng),
                    people.engineers[0],
                    at,
                    at,
                    "Initial import",
                    files=touched_files(rng, sharing),
                ),
                sharing,
            )
            lines[service.repository] = line
    return lines


def number_pulls(pulls: list[PullRequest]) -> dict[str, list[PullRequest]]:
    """Number pull requests in order of opening, and return them by repository.

    Issues share the numbers: every fourth one is left to an issue.
    """
    by_repository: dict[str, list[PullRequest]] = {}
    for ordinal, pull in enumerate(sorted(pulls, key=lambda p: (p.opened, p.branch)), start=1):
        members = by_repository.setdefault(pull.repository, [])
        members.append(pull)
        pull.ordinal, pull.number = ordinal, len(members) + (len(members) + 2) // 3
    for pull in pulls:
        if pull.reverted:
            pull.branch = f"revert-{pull.reverted.number}-{pull.reverted.branch}"
    return dict(sorted(by_repository.items()))
