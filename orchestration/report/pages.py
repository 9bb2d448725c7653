"""Pages as HTML text: templates, and the filters with which they write numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from orchestration.publishing.status import PublicationStatus
from orchestration.report import numbers, sparklines
from orchestration.report.material import Material
from orchestration.report.scorecard import EMPTY_REASONS
from orchestration.report.signals import name_rule

TEMPLATES = Path(__file__).parent / "templates"
STATUS_BEGIN, STATUS_END = "<!-- publication status -->", "<!-- /publication status -->"


def render(material: Material, page: Mapping[str, Any], frame: Mapping[str, Any]) -> str:
    """The page's text. ``frame`` is what all pages share: names, stamp, links."""
    template = _open_templates().get_template(page["template"])
    return template.render(
        **page,
        **frame,
        source=material.source,
        teams=material.teams,
        currency=material.currency,
        data_through=material.data_through,
        tells_incidents=material.is_told("major_incidents"),
        completeness=material.completeness,
        restatements=material.restatements,
    )


def render_status(status: PublicationStatus) -> str:
    """What a page says of the publication's state: nothing while it is current."""
    since = datetime.fromisoformat(status.stale_since) if status.stale_since else None
    inside = _open_templates().get_template("status.html").render(status=status, since=since)
    return f"{STATUS_BEGIN}{inside.strip()}{STATUS_END}"


def replace_status(page: str, status: PublicationStatus) -> str:
    """``page`` with what it says of the publication's state brought up to date."""
    before, begin, rest = page.partition(STATUS_BEGIN)
    _, end, after = rest.partition(STATUS_END)
    return f"{before}{render_status(status)}{after}" if begin and end else page


@cache
def _open_templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": numbers.show_day,
        "instant": numbers.show_instant,
        "share": numbers.show_share,
        "count": numbers.show_count,
        "amount": numbers.show_amount,
        "attainment": numbers.show_attainment,
        "money": numbers.show_money,
        "change": numbers.show_change,
        "duration": numbers.show_duration,
        "rule": name_rule,
    }
    environment.globals |= {
        "show": numbers.show,
        "show_target": numbers.show_target,
        "show_difference": numbers.show_difference,
        "sketch": sparklines.sketch,
        "empty_reasons": EMPTY_REASONS,
        "spark_width": sparklines.WIDTH,
        "spark_height": sparklines.HEIGHT,
    }
    return environment
