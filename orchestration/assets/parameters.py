"""What a run can be asked for, in one place for all its steps."""

from __future__ import annotations

import dagster as dg
from pydantic import Field


class RunParameters(dg.ConfigurableResource[None]):
    """Set in the launchpad under ``resources: run_parameters: config``, or by the command line."""

    as_of_date: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="Last day that counts, YYYY-MM-DD. Default: the business's last complete day.",
    )
    full_refresh: bool = Field(
        default=False,
        description="Build every model from scratch, incremental ones too. Minutes to hours with years of "
        "history; needed only after rows were changed by hand.",
    )
    generate_company: bool = Field(
        default=False,
        description="Generate the demo company first, if nothing has landed yet. The demo job sets it.",
    )
    company_seed: int = Field(default=7, ge=0, description="Same seed, same company.")
    company_scale: float = Field(
        default=1.0, gt=0, le=100, description="Size of the company: 1 is 240 engineers and 300 customers."
    )
    company_months: int = Field(default=18, ge=1, le=120, description="Months of history of the company.")
    company_stack: str = Field(
        default="",
        description="Systems in the place of the default ones, joined by dashes, e.g. gitlab-jenkins.",
    )
