"""Greenhouse's exports: Harvest v1 bodies, page by page, as a pull lands them.

Jobs come twice: as they were three months before the last day, and as they are. Personal texts are where real
bodies have them: in candidates, in the sentences of activity feeds, in what was offered.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue
from orchestration.company.hiring import CLOSED_BY_FREEZE, STAGES, Application, Hiring, Job, Opening
from orchestration.company.people import CANARY_MAIL, CANARY_NAME, CANARY_PAY, CANARY_TEXT
from orchestration.company.plan import DAY, Plan, day_of, epoch, iso
from orchestration.company.writing import pages, write_json

PAGE = 100
FIRST_STAGE_ID = 900_000
REJECTIONS = {
    "company": {"id": 30, "name": "Not enough experience", "type": {"id": 1, "name": "We rejected them"}},
    "candidate": {"id": 31, "name": "Took another offer", "type": {"id": 2, "name": "They rejected us"}},
}


def write_greenhouse(root: Path, plan: Plan, catalogue: Catalogue, hiring: Hiring) -> None:
    """Everything under ``root``."""
    newest = f"{plan.last_day + timedelta(days=1):%Y%m%d}T020000Z"
    earlier = plan.last_day - timedelta(days=90)
    _write(root, "jobs", newest, [_job(catalogue, job, plan.end) for job in hiring.jobs])
    jobs = [_job(catalogue, job, epoch(earlier)) for job in hiring.jobs]
    _write(root, "jobs", f"{earlier:%Y%m%d}T020000Z", jobs)
    departments: list[dict[str, Any]] = [
        {"id": _department(catalogue, team.team_id), "name": team.name, "parent_id": None, "child_ids": [],
         "external_id": team.hr_organisation}
        for team in catalogue.teams
    ]  # fmt: skip
    facilities = {"id": 799, "name": "Facilities", "parent_id": None, "child_ids": [], "external_id": ""}
    _write(root, "departments", newest, [*departments, facilities])
    _write(root, "rejection_reasons", newest, list(REJECTIONS.values()))
    stages = [
        {"id": _stage_id(job, number), "name": name, "job_id": job.job_id, "priority": number,
         "interviews": [], "created_at": iso(plan.start), "updated_at": iso(plan.start), "active": True}
        for job in hiring.jobs for number, (name, _) in enumerate(STAGES)
    ]  # fmt: skip
    _write(root, "job_stages", newest, stages)
    applied = [(job, application) for job in hiring.jobs for application in job.applications]
    applied.sort(key=lambda pair: pair[1].application_id)
    _write(root, "applications", newest, [_application(job, a) for job, a in applied])
    _write(root, "candidates", newest, [_candidate(a) for _, a in applied])
    _write(root, "offers", newest, [offer for job, a in applied for offer in _offers(job, a)])
    for job, application in applied:
        if not application.is_prospect:
            feed = root / "activity_feed" / str(application.application_id) / f"{newest}.json"
            write_json(feed, _feed(job, application))


def _write(root: Path, table: str, folder: str, records: list[dict[str, Any]]) -> None:
    for number, page in enumerate(pages(records, PAGE), 1):
        write_json(root / table / folder / f"page-{number:03d}.json", page)


def _department(catalogue: Catalogue, team_id: str | None) -> int:
    if team_id is None:
        return 799
    return 700 + [team.team_id for team in catalogue.teams].index(team_id)


def _stage_id(job: Job, number: int) -> int:
    return FIRST_STAGE_ID + (job.job_id % 10_000) * 10 + number


def _name(number: int) -> str:
    return f"{CANARY_NAME} {number}"


def _opening(opening: Opening, known: int) -> dict[str, Any]:
    closed = opening.closed if opening.closed is not None and opening.closed < known else None
    filled_by = opening.filled_by.application_id if closed is not None and opening.filled_by else None
    return {
        "id": opening.opening_id, "opening_id": None, "status": "open" if closed is None else "closed",
        "opened_at": iso(opening.opened), "closed_at": None if closed is None else iso(closed),
        "application_id": filled_by,
        "close_reason": None if closed is None or opening.close_reason is None
        else {"id": 1 + (opening.close_reason == CLOSED_BY_FREEZE), "name": opening.close_reason},
    }  # fmt: skip


def _job(catalogue: Catalogue, job: Job, known: int) -> dict[str, Any]:
    opened = min(opening.opened for opening in job.openings)
    team = next((team for team in catalogue.teams if team.team_id == job.team_id), None)
    department = {
        "id": _department(catalogue, job.team_id), "name": team.name if team else "Facilities",
        "parent_id": None, "child_ids": [], "external_id": team.hr_organisation if team else None,
    }  # fmt: skip
    return {
        "id": job.job_id, "name": job.name, "requisition_id": None, "notes": f"<p>{CANARY_TEXT}</p>",
        "confidential": False, "status": "open", "created_at": iso(opened - DAY), "opened_at": iso(opened),
        "closed_at": None, "updated_at": iso(opened), "is_template": False, "departments": [department],
        "offices": [],
        # Now and then nobody answers for a job.
        "hiring_team": {
            "hiring_managers": [{"id": 7, "name": _name(7), "employee_id": None}] if job.job_id % 6 else []
        },
        "custom_fields": {"salary_range": {"min_value": CANARY_PAY, "unit": "EUR"}},
        "openings": [_opening(o, known) for o in job.openings if o.opened < known],
    }  # fmt: skip


def _application(job: Job, application: Application) -> dict[str, Any]:
    status = "hired" if application.is_hired else "rejected" if application.rejected else "active"
    stage = application.moves[-1][0] if application.moves else 0
    return {
        "id": application.application_id, "candidate_id": application.candidate_id,
        "prospect": application.is_prospect, "applied_at": iso(application.applied),
        "rejected_at": iso(application.rejected) if application.rejected else None,
        "last_activity_at": iso(application.last_activity), "location": {"address": CANARY_TEXT},
        "source": {"id": 2, "public_name": "Jobs page on your website"},
        "rejection_reason": REJECTIONS[application.rejected_by] if application.rejected_by else None,
        "jobs": [{"id": job.job_id, "name": job.name}], "status": status,
        "current_stage": None if status != "active"
        else {"id": _stage_id(job, stage), "name": STAGES[stage][0]},
        "answers": [{"question": "Your website?", "answer": f"https://{CANARY_MAIL}"}],
    }  # fmt: skip


def _candidate(application: Application) -> dict[str, Any]:
    return {
        "id": application.candidate_id, "first_name": CANARY_NAME, "last_name": str(application.candidate_id),
        "company": None, "title": CANARY_TEXT, "is_private": False, "created_at": iso(application.applied),
        "updated_at": iso(application.last_activity), "last_activity": iso(application.last_activity),
        "email_addresses": [{"value": f"c{application.candidate_id}@{CANARY_MAIL}", "type": "personal"}],
        "phone_numbers": [], "addresses": [], "application_ids": [application.application_id],
    }  # fmt: skip


def _offers(job: Job, application: Application) -> list[dict[str, Any]]:
    opening = next((o for o in job.openings if o.filled_by is application), None)
    return [
        {
            "id": offer.offer_id, "version": offer.version, "application_id": application.application_id,
            "job_id": job.job_id, "candidate_id": application.candidate_id,
            "opening": None if opening is None else {"id": opening.opening_id},
            "created_at": iso(offer.created), "updated_at": iso(offer.resolved or offer.created),
            "sent_at": day_of(offer.created).isoformat(),
            "resolved_at": iso(offer.resolved) if offer.resolved else None, "starts_at": None,
            "status": offer.status, "custom_fields": {"salary": CANARY_PAY},
        }
        for offer in application.offers
    ]  # fmt: skip


def _feed(job: Job, application: Application) -> dict[str, Any]:
    """The feed of the candidate, newest first, in Greenhouse's own sentences."""
    activities = [
        {
            "id": application.application_id * 10 + number, "created_at": iso(instant),
            "subject": "Candidate Stage Change",
            "body": f"{_name(application.candidate_id)} was moved into {STAGES[stage][0]} for {job.name} "
                    f"on {day_of(instant):%m/%d/%Y} by {_name(7)}",
            "user": {"id": 7, "name": _name(7)},
        }
        for number, (stage, instant) in enumerate(application.moves)
    ]  # fmt: skip
    notes = [
        {"id": application.application_id, "body": f"{CANARY_TEXT} was kind", "user": {"name": _name(7)}}
    ]
    return {"notes": notes, "emails": [], "activities": activities[::-1]}
