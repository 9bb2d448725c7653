"""Teams, groups, services, who owned them when, and the repositories that they are built from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date

from orchestration.company.plan import ORGANISATION, Plan
from orchestration.company.stories import Stories

FOUNDED = date(2020, 1, 1)
GROUPS = {"platform": "Platform", "product": "Product", "data": "Data and Integrations"}
# Team, name, group, services with their tiers. The order interleaves the groups, and a small company takes
# the first teams and the first services of each: the ones that the stories need come first.
TEAMS: tuple[tuple[str, str, str, tuple[tuple[str, int], ...]], ...] = (
    ("runtime", "Runtime", "platform", (("service-mesh", 0), ("config-store", 0), ("scheduler", 1),
    ("node-agent", 2))),
    ("checkout", "Checkout", "product", (("checkout-api", 0), ("cart", 1), ("payments-adapter", 0),
    ("tax-calculator", 1))),
    ("notifications", "Notifications", "data", (("notification-hub", 1), ("email-sender", 2), ("push-sender",
    2), ("template-studio", 3))),
    ("identity", "Identity", "platform", (("auth-gateway", 0), ("user-directory", 1), ("audit-log", 2),
    ("consent", 2))),
    ("catalog", "Product Catalog", "product", (("product-catalog", 1), ("pricing", 1), ("inventory", 1),
    ("media-store", 2))),
    ("analytics", "Analytics", "data", (("event-collector", 1), ("warehouse-loader", 2), ("dashboards", 2),
    ("cohorts", 3))),
    ("billing", "Billing", "product", (("invoicing", 1), ("subscriptions", 1), ("ledger", 0), ("dunning",
    2))),
    ("messaging", "Messaging", "platform", (("event-bus", 0), ("webhook-relay", 1), ("queue-workers", 2),
    ("dead-letter-console", 3))),
    ("integrations", "Integrations", "data", (("partner-api", 1), ("crm-sync", 2), ("erp-sync", 2),
    ("sandbox-portal", 3))),
    ("search", "Search", "product", (("search-api", 1), ("search-indexer", 2), ("recommendations", 2),
    ("autocomplete", 2))),
    ("delivery-tools", "Delivery Tools", "platform", (("feature-flags", 1), ("build-cache", 2),
    ("release-board", 3), ("test-grid", 3))),
    ("reporting", "Reporting", "data", (("metrics-api", 1), ("usage-meter", 1), ("report-builder", 2),
    ("export-service", 2))),
)  # fmt: skip
# Services that others depend on: they deploy early in the morning, before their dependents do.
FOUNDATIONS = ("config-store", "auth-gateway", "service-mesh", "event-bus")
MONOREPOS = {
    "storefront": ("checkout-api", "cart", "product-catalog"),
    "data-platform": ("event-collector", "warehouse-loader", "dashboards"),
}
HAND_OVERS = {"cart": "catalog", "user-directory": "runtime"}
UNMAPPED = "unmapped"


@dataclass(frozen=True)
class Team:
    """A team; ``groups`` holds the group from each day on."""

    team_id: str
    name: str
    hr_organisation: str
    groups: tuple[tuple[date, str], ...]


@dataclass(frozen=True)
class Service:
    """A service; ``owners`` holds the owning team from each day on, and is empty for one that no catalogue
    knows.
    """

    service_id: str
    name: str
    tier: int
    repository: str
    path_glob: str
    pagerduty_id: str
    owners: tuple[tuple[date, str], ...]
    depends_on: tuple[str, ...]

    @property
    def is_foundation(self) -> bool:
        """Whether others depend on it."""
        return self.service_id in FOUNDATIONS

    @property
    def in_monorepo(self) -> bool:
        """Whether it shares its repository with other services."""
        return self.path_glob != "**"

    @property
    def is_catalogued(self) -> bool:
        """Whether the catalogue knows it; what it does not know belongs to the segment ``unmapped``."""
        return bool(self.owners)


@dataclass(frozen=True)
class Catalogue:
    """Every team and service, with what was true on a day."""

    teams: tuple[Team, ...]
    services: tuple[Service, ...]
    shadow: Service  # deploys to production, and the catalogue does not know it

    def team(self, team_id: str) -> Team:
        """The team of that id."""
        return next(team for team in self.teams if team.team_id == team_id)

    def service(self, service_id: str) -> Service:
        """The service of that id."""
        return next(service for service in self.services if service.service_id == service_id)

    def group_of(self, team_id: str, day: date) -> str:
        """Group of a team on a day."""
        return UNMAPPED if team_id == UNMAPPED else on_day(self.team(team_id).groups, day)

    def owner_of(self, service: Service, day: date) -> str:
        """Owning team of a service on a day."""
        return on_day(service.owners, day) if service.owners else UNMAPPED


def on_day(changes: tuple[tuple[date, str], ...], day: date) -> str:
    """What was in force on a day, of values that each hold from a first day on; the first also holds before
    it.
    """
    return changes[max(0, bisect_right(changes, (day, "\uffff")) - 1)][1]


def build_catalogue(plan: Plan, stories: Stories) -> Catalogue:
    """The company's teams and services at this scale."""
    rng = plan.rng("catalogue")
    teams: list[Team] = []
    chosen: list[list[tuple[str, int]]] = []
    for index in range(plan.team_count):
        team_id, name, group, services = TEAMS[index % len(TEAMS)]
        copy = index // len(TEAMS) + 1
        suffix = "" if copy == 1 else f"-{copy}"
        groups = [(FOUNDED, group)]
        if team_id + suffix == stories.moving_team:
            groups.append((stories.reorganisation, stories.moving_to_group))
        teams.append(
            Team(
                team_id + suffix,
                name + suffix.replace("-", " "),
                f"{rng.getrandbits(128):032x}",
                tuple(groups),
            )
        )
        chosen.append([(service + suffix, tier) for service, tier in services])
    picked: list[tuple[str, int, Team]] = []
    for rank in range(4):
        picked.extend((*services[rank], team) for services, team in zip(chosen, teams, strict=True))
    present = {service for service, _, _ in picked[: plan.service_count]}
    found: list[Service] = []
    for service_id, tier, team in picked[: plan.service_count]:
        owners = [(FOUNDED, team.team_id)]
        if service_id in HAND_OVERS:
            owners.append((stories.reorganisation, HAND_OVERS[service_id]))
        monorepo = next((repo for repo, members in MONOREPOS.items() if service_id in members), None)
        needs = [name for name in FOUNDATIONS if name in present and rng.random() < 0.5]
        found.append(
            Service(
                service_id=service_id,
                name=_spelled(service_id),
                tier=tier,
                repository=f"{ORGANISATION}/{monorepo or service_id}",
                path_glob=f"services/{service_id}/**" if monorepo else "**",
                pagerduty_id=pagerduty_id(rng.getrandbits(40)),
                owners=tuple(owners),
                depends_on=() if service_id in FOUNDATIONS else tuple(needs),
            )
        )
    shadow = Service(
        UNMAPPED,
        "Skunkworks",
        3,
        f"{ORGANISATION}/skunkworks",
        "**",
        pagerduty_id(rng.getrandbits(40)),
        (),
        (),
    )
    return Catalogue(tuple(teams), tuple(found), shadow)


def _spelled(service_id: str) -> str:
    words = service_id.split("-")
    return " ".join(word.upper() if word in ("api", "crm", "erp") else word.capitalize() for word in words)


def pagerduty_id(bits: int, length: int = 7) -> str:
    """An id in PagerDuty's style, e.g. ``P1Z3K9Q``."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    letters = []
    for _ in range(length - 1):
        bits, digit = divmod(bits, 36)
        letters.append(alphabet[digit])
    return "P" + "".join(letters)
