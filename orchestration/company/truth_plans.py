"""The truth about surveys, budgets and vendor contracts."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from orchestration.company.billing import Charge
from orchestration.company.catalogue import Catalogue
from orchestration.company.finance import Finance, cloud_spend
from orchestration.company.plan import Plan, add_months, month_of, quarter_of
from orchestration.company.surveys import STAKEHOLDERS, Wave, counts_of
from orchestration.company.truth import Row
from orchestration.company.usage import Usage, rate_on


def enps(catalogue: Catalogue, waves: list[Wave]) -> list[Row]:
    """Answers that count by segment and quarter; teams that the survey tool hides are in unmapped."""
    cells: dict[tuple[str, str, str], dict[str, int]] = {}
    for wave in waves:
        if wave.survey_id == STAKEHOLDERS:
            continue
        quarter = quarter_of(wave.closed)
        for team, invited in wave.invited.items():
            scores, is_told = wave.counted(team), wave.is_told(team)
            promoters, _, detractors = counts_of(scores)
            placed = team if is_told else "unmapped"
            group = catalogue.group_of(placed, wave.closed)
            for segment in (("org", "org"), ("group", group), ("team", placed)):
                names = ("respondents", "promoters", "detractors", "rate_invited", "rate_responded")
                cell = cells.setdefault((*segment, quarter), dict.fromkeys(names, 0))
                cell["respondents"] += len(scores)
                cell["promoters"] += promoters
                cell["detractors"] += detractors
                # Of hidden teams it is not known who of those asked has answered.
                cell["rate_invited"] += invited if is_told else 0
                cell["rate_responded"] += len(scores) if is_told else 0
    return [
        {"segment_type": kind, "segment_id": name, "quarter": quarter, **cell}
        for (kind, name, quarter), cell in sorted(cells.items())
    ]


def stakeholder_satisfaction(waves: list[Wave]) -> list[Row]:
    """Answers that count by function and quarter; scores on 1 to 5, four and above favourable."""
    rows: list[Row] = []
    for wave in waves:
        if wave.survey_id != STAKEHOLDERS:
            continue
        low, high = wave.scale
        cells: dict[tuple[str, str], tuple[list[Fraction], int]] = {}
        for function, invited in wave.invited.items():
            mapped = [1 + Fraction(4 * (score - low), high - low) for score in wave.counted(function)]
            for segment in (("org", "org"), ("function", function)):
                scores, asked = cells.get(segment, ([], 0))
                cells[segment] = (scores + mapped, asked + invited)
        rows += [
            {
                "segment_type": kind, "segment_id": name, "quarter": quarter_of(wave.closed),
                "respondents": len(scores), "score_sum": f"{float(sum(scores)):.6f}",
                "favourable": sum(score >= 4 for score in scores), "invited": asked,
            }
            for (kind, name), (scores, asked) in sorted(cells.items())
        ]  # fmt: skip
    return rows


def spend_vs_budget(
    plan: Plan, catalogue: Catalogue, usage: Usage, charges: list[Charge], finance: Finance
) -> list[Row]:
    """Dollars spent and planned by team and month, in months that have begun."""
    cloud = cloud_spend(catalogue, usage, charges)
    vendor: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for contract in finance.contracts:
        for month in plan.month_starts:
            last = min(add_months(month, 1) - timedelta(days=1), plan.last_day)
            rate = rate_on(usage, last) if contract.currency == "EUR" else Decimal(1)
            vendor[contract.team, month_of(month)] += Fraction(contract.spend(month) * rate)
    return [
        {
            "team_id": team.team_id, "month": month_of(month),
            "cloud_spend": f"{float(cloud[team.team_id, month]):.6f}",
            "vendor_spend": f"{float(vendor[team.team_id, month_of(month)]):.6f}",
            "cloud_budget": finance.budgets[team.team_id, month, "Cloud"],
            "vendor_budget": finance.budgets[team.team_id, month, "Software"],
        }
        for team in catalogue.teams
        for month in plan.month_starts
    ]  # fmt: skip
