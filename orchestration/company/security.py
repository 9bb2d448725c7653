"""What the scanners export: Snyk's and GitHub's answers month by month, Wiz's report, CISA's catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.people import CANARY_TEXT, People
from orchestration.company.plan import DAY, Plan, add_months, epoch, iso, month_of
from orchestration.company.vulnerabilities import ACCEPTED, FIXED, OPEN, Exposure, Vulnerability
from orchestration.company.writing import pages, write_csv, write_json

ORG = "5b6b1f2e-0c53-4c5a-9d0a-3f6f2a6f7a10"
PAGE = 100
WIZ_HEADER = (
    "ID", "WizURL", "Name", "CVSSSeverity", "HasExploit", "HasCisaKevExploit", "FindingStatus",
    "VendorSeverity", "FirstDetected", "LastDetected", "ResolvedAt", "ResolutionReason", "Remediation",
    "LocationPath", "DetailedName", "Version", "FixedVersion", "DetectionMethod", "Link", "Projects",
    "AssetID", "AssetName", "CloudPlatform", "Status", "SubscriptionName", "Tags", "OperatingSystem",
)  # fmt: skip


def write_security(root: Path, plan: Plan, catalogue: Catalogue, people: People, exposure: Exposure) -> None:
    """``snyk``, ``dependabot``, ``wiz`` and ``kev`` below ``root``.

    Snyk and GitHub are asked at the end of each month for what changed in it; a repository's project is
    imported into Snyk again in the middle, which gives its open issues new ids and new dates. What GitHub
    reopened also comes as the webhook. Some instants of Wiz are in the form of Go's logs.
    """
    _write_snyk(root / "snyk", plan, catalogue, exposure)
    _write_dependabot(root / "dependabot", plan, people, exposure)
    delivered = (plan.last_day + timedelta(days=1)).isoformat()
    rows = [_wiz_row(plan, v) for v in exposure.of("wiz")]
    write_csv(
        root / "wiz" / "vulnerability_findings" / delivered / "vulnerability-findings.csv", WIZ_HEADER, rows
    )
    listed = {v.cve: v for v in exposure.vulnerabilities if v.listed and v.listed <= plan.last_day}
    write_json(
        root / "kev" / "vulnerabilities" / delivered / "known_exploited_vulnerabilities.json",
        {
            "title": "CISA Catalog of Known Exploited Vulnerabilities",
            "catalogVersion": f"{plan.last_day:%Y.%m.%d}",
            "dateReleased": iso(plan.end),
            "count": len(listed),
            "vulnerabilities": [_kev_record(listed[cve]) for cve in sorted(listed)],
        },
        indent=1,
    )


def _pulls(plan: Plan) -> Iterator[tuple[date, int, int]]:
    """Month, and the first instants that a pull at its end no longer asks for and does not yet see."""
    for month in plan.month_starts:
        yield month, epoch(month), min(epoch(add_months(month, 1)), plan.end)


def _uuid(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def _manifest(service: Service) -> str:
    return f"services/{service.service_id}/package.json" if service.in_monorepo else "package.json"


def _write_snyk(root: Path, plan: Plan, catalogue: Catalogue, exposure: Exposure) -> None:
    repository, imported = exposure.imported
    projects = []
    for service in (*catalogue.services, catalogue.shadow):
        generations = (1, 2) if service.repository == repository else (1,)
        projects += [_project_record(plan, service, generation, imported) for generation in generations]
    for month, since, until in _pulls(plan):
        issues = []
        for one in exposure.of("snyk"):
            event = one.event_before(until)
            before = one.event_before(imported)
            was_open = before is not None and before[1] == OPEN
            is_new = one.service.repository == repository and was_open and until > imported
            if is_new and event is not None and event[0] < imported:
                event = (imported, OPEN)  # told anew under the new id
            if event is not None and event[0] >= since:
                issues.append(_issue_record(one, event, 2 if is_new else 1, imported))
        for index, page in enumerate(pages(issues, PAGE)):
            links = {"self": f"/rest/orgs/{ORG}/issues?version=2024-10-15&limit={PAGE}"}
            if (index + 1) * PAGE < len(issues):
                links["next"] = f"{links['self']}&starting_after={page[-1]['id']}"
            document = {"jsonapi": {"version": "1.0"}, "data": page, "links": links}
            write_json(root / "issues" / month_of(month) / f"page-{index:03d}.json", document)
    write_json(
        root / "projects" / "projects.json", {"jsonapi": {"version": "1.0"}, "data": projects, "links": {}}
    )


def _project_record(plan: Plan, service: Service, generation: int, imported: int) -> dict[str, Any]:
    return {
        "type": "project",
        "id": _uuid("project", service.repository, service.service_id, generation),
        "attributes": {
            "name": f"{service.repository}:{_manifest(service)}", "type": "npm", "origin": "github",
            "target_file": _manifest(service), "target_reference": "main", "status": "active",
            "created": iso(imported if generation == 2 else plan.start - 30 * DAY),
        },
        "relationships": {
            "organization": {"data": {"type": "organization", "id": ORG}},
            "target": {
                "data": {
                    "type": "target", "id": _uuid("target", service.repository, generation),
                    "attributes": {"display_name": service.repository},
                }
            },
        },
    }  # fmt: skip


def _issue_record(
    one: Vulnerability, event: tuple[int, str], generation: int, imported: int
) -> dict[str, Any]:
    at, state = event
    key = f"SNYK-JS-{one.package.replace('-', '').upper()}-{6_000_000 + one.number}"
    attributes: dict[str, Any] = {
        "classes": [{"id": "CWE-400", "source": "CWE", "type": "weakness"}],
        "coordinates": [
            {
                "is_fixable_manually": False, "is_fixable_snyk": True, "is_fixable_upstream": False,
                "representations": [
                    {"dependency": {"package_name": one.package, "package_version": one.version}}
                ],
            }
        ],
        "created_at": iso(imported if generation == 2 else one.detected),
        "effective_severity_level": one.severity,
        "ignored": state == ACCEPTED,
        "key": key,
        "problems": [
            {"id": key, "source": "SNYK", "type": "vulnerability", "updated_at": iso(one.detected)},
            {"id": one.cve, "source": "NVD", "type": "vulnerability", "updated_at": iso(one.detected)},
        ],
        "risk": {"factors": [], "score": {"model": "v1", "value": 100 + one.number % 800}},
        "status": "resolved" if state == FIXED else "open",
        "title": f"Denial of service in {one.package}",
        "type": "package_vulnerability",
        "updated_at": iso(at),
    }  # fmt: skip
    if state == FIXED:
        kind = "fixed" if one.number % 3 else "disappeared"
        attributes["resolution"] = {"details": CANARY_TEXT, "resolved_at": iso(at), "type": kind}
    project = _uuid("project", one.service.repository, one.service.service_id, generation)
    return {
        "id": _uuid("issue", one.number, generation),
        "type": "issue",
        "attributes": attributes,
        "relationships": {
            "organization": {"data": {"id": ORG, "type": "organization"}},
            "scan_item": {"data": {"id": project, "type": "project"}},
        },
    }


def _write_dependabot(root: Path, plan: Plan, people: People, exposure: Exposure) -> None:
    logins = [person.login for person in people.engineers]
    for month, since, until in _pulls(plan):
        told = [(v, event) for v in exposure.of("dependabot") if (event := v.event_before(until))]
        changed = [_alert_record(v, event, logins) for v, event in told if event[0] >= since]
        for index, page in enumerate(pages(changed, PAGE)):
            write_json(root / "alerts" / month_of(month) / f"page-{index:03d}.json", page)
    for one in exposure.of("dependabot"):
        for number, event in enumerate(one.events[1:], start=1):
            if event[1] != OPEN:
                continue
            alert = _alert_record(one, event, logins)
            repository = alert.pop("repository")
            body = {"action": "reintroduced", "alert": alert, "repository": repository}
            write_json(root / "alerts" / "webhooks" / f"{one.number:06d}-{number}.json", body)


def _alert_record(one: Vulnerability, event: tuple[int, str], logins: list[str]) -> dict[str, Any]:
    at, state = event
    repository = one.service.repository
    is_dismissed = state not in (OPEN, FIXED)
    package = {"ecosystem": "npm", "name": one.package}
    return {
        "number": one.number,
        "state": "dismissed" if is_dismissed else state,
        "dependency": {"package": package, "manifest_path": _manifest(one.service), "scope": "runtime"},
        "security_advisory": {
            "ghsa_id": f"GHSA-{one.number:04d}-harb-ourl", "cve_id": one.cve,
            "summary": f"Denial of service in {one.package}", "severity": one.severity,
            "published_at": iso(one.detected - DAY), "updated_at": iso(one.detected), "withdrawn_at": None,
        },
        "security_vulnerability": {
            "package": package, "severity": one.severity, "vulnerable_version_range": f"<= {one.version}",
            "first_patched_version": None,
        },
        "url": f"https://api.github.com/repos/{repository}/dependabot/alerts/{one.number}",
        "created_at": iso(one.detected),
        "updated_at": iso(at),
        "dismissed_at": iso(at) if is_dismissed else None,
        "dismissed_by": {"login": logins[one.number % len(logins)]} if is_dismissed else None,
        "dismissed_reason": (
            None if not is_dismissed
            else ("tolerable_risk", "no_bandwidth")[one.number % 2] if state == ACCEPTED
            else ("inaccurate", "not_used")[one.number % 2]
        ),
        "dismissed_comment": CANARY_TEXT if is_dismissed else None,
        "fixed_at": iso(at) if state == FIXED else None,
        "auto_dismissed_at": None,
        "repository": {"full_name": repository},
    }  # fmt: skip


def _wiz_row(plan: Plan, one: Vulnerability) -> tuple[object, ...]:
    resolved: str | None = None
    if one.fixed is not None:
        text = iso(one.fixed)
        resolved = text if one.number % 2 else f"{text[:10]} {text[11:19]}.25 +0000 UTC"
    identity = _uuid("wiz", one.number)
    return (
        identity, f"https://app.wiz.io/explorer/{identity}", one.cve, one.severity.capitalize(), False,
        one.listed is not None and one.listed <= plan.last_day, "Resolved" if resolved else "Open",
        one.severity.capitalize(), iso(one.detected), iso(one.fixed or plan.end - 1), resolved, None,
        f"upgrade {one.package}", f"/srv/{one.package}", one.package, one.version, None, "Library",
        f"https://nvd.nist.gov/vuln/detail/{one.cve}", "Harbourly", _uuid("asset", one.service.service_id),
        one.service.service_id, "AWS", "Active", "harbourly-prod", f'{{"owner":"{CANARY_TEXT}"}}', "Linux",
    )  # fmt: skip


def _kev_record(one: Vulnerability) -> dict[str, Any]:
    assert one.listed is not None
    return {
        "cveID": one.cve, "vendorProject": "npm", "product": one.package,
        "vulnerabilityName": f"{one.package} Denial-of-Service Vulnerability",
        "dateAdded": one.listed.isoformat(), "shortDescription": f"{one.package} can be made to hang.",
        "requiredAction": "Apply updates per vendor instructions.",
        "dueDate": (one.listed + timedelta(days=21)).isoformat(), "knownRansomwareCampaignUse": "Unknown",
        "notes": f"https://nvd.nist.gov/vuln/detail/{one.cve}", "cwes": ["CWE-400"],
    }  # fmt: skip
