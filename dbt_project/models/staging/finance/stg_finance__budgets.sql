with budgets as (
    select * from {{ source('raw_finance', 'budgets') }}
)

select
    coalesce(lower(nullif(trim(team_id), '')), 'unmapped') as team_id,
    cast({{ dbt.date_trunc('month', 'month') }} as date) as budget_month,
    {{ slug('category') }} as category,
    trim(cost_center) as cost_center,
    upper(trim(currency)) as currency,
    amount
from budgets
