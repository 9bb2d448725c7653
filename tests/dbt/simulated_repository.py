"""Repositories that grow at random by the ways in which teams work, with each commit's ancestors known."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

EPOCH = datetime(2026, 1, 1)


@dataclass
class Change:
    """A merged change: its merge commit and head, and whether it went to the default branch."""

    change_id: str
    merge_sha: str
    head_sha: str
    is_default_branch: bool
    base_branch: str
    merged_at: datetime


@dataclass
class Deployment:
    """A successful deployment of a commit to an environment."""

    deployment_id: str
    environment: str
    sha: str
    finished_at: datetime


@dataclass
class SimulatedRepository:
    """One repository. `ancestors` maps a sha to a bit for each commit that it contains, itself included."""

    name: str
    chance: random.Random
    parents: dict[str, list[str]] = field(default_factory=dict)
    committed_at: dict[str, datetime] = field(default_factory=dict)
    ancestors: dict[str, int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    default_line: list[str] = field(default_factory=list)
    production_line: list[str] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)
    minutes: int = 0

    def grow(self, steps: int) -> None:
        """Takes random steps; a repository begins with one direct commit, which is deployed."""
        self.commit_directly()
        self.deploy()
        moves = [
            self.commit_directly,
            self.squash,
            self.merge,
            self.merge,
            self.rebase,
            self.merge_nested,
            self.merge_after_back_merge,
            self.fork_release,
            self.patch_release,
            self.merge_release_back,
            self.merge_to_production,
            self.fix_production,
            self.deploy,
            self.deploy,
            self.deploy,
        ]
        for _ in range(steps):
            self.chance.choice(moves)()

    def now(self) -> datetime:
        self.minutes += self.chance.randint(1, 90)
        return EPOCH + timedelta(minutes=self.minutes)

    def commit(self, *parents: str) -> str:
        sha = f"{self.name}-{len(self.parents):05d}"
        # Committers' clocks cannot be trusted: nothing may depend on the order of these times.
        self.committed_at[sha] = self.now() + timedelta(minutes=self.chance.randint(-300, 300))
        self.parents[sha] = list(parents)
        bits = 1 << len(self.ancestors)
        for parent in parents:
            bits |= self.ancestors[parent]
        self.ancestors[sha] = bits
        return sha

    def branch(self, origin: str) -> str:
        for _ in range(self.chance.randint(1, 4)):
            origin = self.commit(origin)
        return origin

    def fork_point(self) -> str:
        return self.chance.choice(self.default_line[-4:])

    def note_change(self, merge_sha: str, head_sha: str, base_branch: str = "main") -> None:
        change_id = f"{self.name}#{len(self.changes)}"
        self.changes.append(
            Change(change_id, merge_sha, head_sha, base_branch == "main", base_branch, self.now())
        )

    def commit_directly(self) -> None:
        sha = self.commit(*self.default_line[-1:])
        self.default_line.append(sha)
        self.note_change(sha, sha)

    def squash(self) -> None:
        head = self.branch(self.fork_point())
        self.default_line.append(self.commit(self.default_line[-1]))
        self.note_change(self.default_line[-1], head)

    def merge(self) -> None:
        self.merge_head(self.branch(self.fork_point()))

    def merge_head(self, head: str) -> None:
        if self.chance.random() < 0.1:
            self.deploy(head)
        self.default_line.append(self.commit(self.default_line[-1], head))
        self.note_change(self.default_line[-1], head)

    def rebase(self) -> None:
        head = self.branch(self.fork_point())
        for _ in range(self.chance.randint(1, 3)):
            self.default_line.append(self.commit(self.default_line[-1]))
        self.note_change(self.default_line[-1], head)

    def merge_nested(self) -> None:
        feature = self.branch(self.fork_point())
        for _ in range(self.chance.randint(1, 3)):
            part = self.branch(feature)
            if self.chance.random() < 0.5:
                detail = self.branch(part)
                part = self.commit(part, detail)
                self.note_change(part, detail, "part")
            feature = self.commit(feature, part)
            self.note_change(feature, part, "feature")
        self.merge_head(feature)

    def merge_after_back_merge(self) -> None:
        head = self.branch(self.fork_point())
        self.merge_head(self.branch(self.commit(head, self.default_line[-1])))

    def fork_release(self) -> None:
        self.releases.append(self.branch(self.default_line[-1]))

    def patch_release(self) -> None:
        if self.releases:
            head = self.branch(self.releases[-1])
            self.releases[-1] = self.commit(self.releases[-1], head)
            self.note_change(self.releases[-1], head, "release")

    def merge_release_back(self) -> None:
        if self.releases:
            self.merge_head(self.releases[-1])

    def merge_to_production(self) -> None:
        parents = [*self.production_line[-1:], self.default_line[-1]]
        if len(parents) == 1:
            parents.insert(0, self.default_line[0])
        self.production_line.append(self.commit(*parents))

    def fix_production(self) -> None:
        if self.production_line:
            head = self.branch(self.production_line[-1])
            self.production_line.append(self.commit(self.production_line[-1], head))
            self.note_change(self.production_line[-1], head, "production")
            if self.chance.random() < 0.7:
                self.default_line.append(self.commit(self.default_line[-1], self.production_line[-1]))

    def deploy(self, sha: str | None = None) -> None:
        if sha is None:
            lines = [self.default_line, self.default_line, self.production_line, self.releases]
            line = self.chance.choice([line for line in lines if line])
            sha = line[-1] if self.chance.random() < 0.8 else self.chance.choice(line)
        environment = self.chance.choice(["prod-eu", "prod-us"])
        deployment_id = f"{self.name}!{len(self.deployments)}"
        self.deployments.append(Deployment(deployment_id, environment, sha, self.now()))

    def first_deployments(self) -> dict[tuple[str, str], str]:
        """By change and environment: the first deployment that contains the change's merge or head commit."""
        number = {sha: position for position, sha in enumerate(self.ancestors)}
        found: dict[tuple[str, str], str] = {}
        for deployment in sorted(self.deployments, key=lambda deployment: deployment.finished_at):
            contained = self.ancestors[deployment.sha]
            for change in self.changes:
                if contained >> number[change.merge_sha] & 1 or contained >> number[change.head_sha] & 1:
                    found.setdefault((change.change_id, deployment.environment), deployment.deployment_id)
        return found
