with period_days as (

    {{ period_days() }}

),

periods as (

    select distinct
        period_grain,
        period_start,
        period_end,
        cast({{ dbt.dateadd('day', 1, 'period_end') }} as date) as next_start
    from period_days

),

windowed as (

    select
        period_grain,
        period_start,
        period_end,
        least(period_end, date '{{ var("as_of_date") }}') as last_counted_date,
        cast({{ dbt.dateadd('month', -12, 'next_start') }} as date) as year_start
    from periods

)

select
    period_grain,
    period_start,
    period_end,
    last_counted_date,
    year_start,
    cast({{ dbt.datediff('period_start', 'period_end', 'day') }} + 1 as bigint) as period_days,
    cast({{ dbt.datediff('period_start', 'last_counted_date', 'day') }} + 1 as bigint) as counted_days,
    cast({{ dbt.datediff('year_start', 'last_counted_date', 'day') }} + 1 as bigint) as year_days
from windowed
