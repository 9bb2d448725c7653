"""What is spent against what was planned, where the year ends, and what each customer costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orchestration.report.source import Row, Source

CUSTOMERS_SHOWN = 8


@dataclass(frozen=True)
class Spending:
    """Spend and budget by team of the last whole month, with the fiscal year's pace."""

    month: date
    teams: tuple[Row, ...]

    def total(self, column: str) -> Decimal | None:
        """Sum over teams; None where no team has the figure."""
        known = [row[column] for row in self.teams if row[column] is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def forecast_of_budgeted(self) -> Decimal | None:
        """Forecast of the teams that have a budget: only that can be held against it."""
        known = [
            row["forecast_year_spend"]
            for row in self.teams
            if row["year_budget"] is not None and row["forecast_year_spend"] is not None
        ]
        return sum(known, Decimal(0)) if known else None

    @property
    def forecast_share(self) -> float | None:
        """Forecast of the budgeted teams beyond their budget, as a share of it."""
        budget, forecast = self.total("year_budget"), self.forecast_of_budgeted
        return None if not budget or forecast is None else float((forecast - budget) / budget)


def read_spending(source: Source, on: date, team_id: str | None = None) -> Spending | None:
    """The last whole month by ``on``, of one team or all; None where nothing was spent or planned by then."""
    rows = source.rows(
        """
        with months as (
            select max(month_start_date) as month_start_date
            from fct_spend_vs_budget
            where is_complete and last_day(month_start_date) <= $on and total_spend is not null
        )

        select
            spend.team_id, teams.team_name, spend.month_start_date, spend.currency, spend.total_spend,
            spend.total_budget, spend.variance, spend.variance_share, spend.year_to_date_spend,
            spend.year_to_date_budget, spend.year_budget, spend.forecast_year_spend,
            spend.forecast_variance, spend.forecast_variance_share, spend.status, spend.renewals_coming,
            spend.next_notice_date
        from fct_spend_vs_budget as spend
        inner join months on spend.month_start_date = months.month_start_date
        left join dim_team as teams on spend.team_id = teams.team_id
        where $team_id is null or spend.team_id = $team_id
        order by spend.forecast_variance_share desc nulls last, spend.total_spend desc, spend.team_id
        """,
        {"on": on, "team_id": team_id},
    )
    return Spending(rows[0]["month_start_date"], tuple(rows)) if rows else None


def read_customers(source: Source, on: date) -> tuple[Row, ...]:
    """The customers that cost most in the last whole month by ``on``, with the month before."""
    return tuple(
        source.rows(
            f"""
            with months as (
                select max(period_month) as period_month
                from mart_cloud_cost_per_customer
                where last_day(period_month) <= $on
            )

            select
                costs.customer_id, costs.customer_name, costs.segment, costs.period_month,
                costs.direct_cost, costs.shared_cost, costs.allocated_cost, costs.cost_per_transaction,
                costs.is_active, before.allocated_cost as previous_cost,
                costs.allocated_cost / nullif(sum(costs.allocated_cost) over (), 0) as cost_share,
                count(*) over () as customer_count
            from mart_cloud_cost_per_customer as costs
            inner join months on costs.period_month = months.period_month
            left join mart_cloud_cost_per_customer as before
                on costs.customer_id = before.customer_id
                and costs.currency = before.currency
                and before.period_month = cast(costs.period_month - interval 1 month as date)
            where costs.is_customer and costs.is_reporting_currency and costs.allocated_cost <> 0
            order by costs.allocated_cost desc, costs.customer_id
            limit {CUSTOMERS_SHOWN}
            """,  # noqa: S608
            {"on": on},
        )
    )
