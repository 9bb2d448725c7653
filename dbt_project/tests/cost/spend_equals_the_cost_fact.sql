{{ config(severity='error', meta={'description': 'One row per team and month whose cloud spend beside its budget is not what the cost fact charges it, to the ninth digit: a team or a month that fell out, or was counted twice.'}) }}

with told as (
    select
        team_id,
        month_start_date,
        sum(cloud_spend) as spend
    from {{ ref('fct_spend_vs_budget') }}
    group by
        team_id,
        month_start_date
),

charged as (
    select
        team_id,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as month_start_date,
        cast(sum(effective_cost_reporting) as decimal(38, 9)) as spend
    from {{ ref('fct_cloud_cost_daily') }}
    where charge_date <= date '{{ var("as_of_date") }}'
    group by
        team_id,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date)
)

select
    coalesce(told.team_id, charged.team_id) as team_id,
    coalesce(told.month_start_date, charged.month_start_date) as month_start_date,
    told.spend as told_spend,
    charged.spend as charged_spend
from told
full outer join charged
    on
        told.team_id = charged.team_id
        and told.month_start_date = charged.month_start_date
where coalesce(told.spend, 0) <> coalesce(charged.spend, 0)
