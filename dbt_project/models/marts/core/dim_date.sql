{%- set fiscal_month = var('fiscal_year_first_month') | int -%}
with days as (

    {{ days_as_rows("date '" ~ var('calendar_first_date') ~ "'", "date '" ~ var('as_of_date') ~ "'") }}

),

numbered as (

    select
        days.day as date_day,
        -- 1900-01-01 was a Monday: no engine has to be asked when its week begins.
        cast(mod({{ dbt.datediff("date '1900-01-01'", 'days.day', 'day') }}, 7) + 1 as bigint) as iso_day_of_week,
        cast(extract(month from days.day) as bigint) as month_number,
        cast(extract(year from days.day) as bigint) as year_number,
        cast({{ dbt.date_trunc('month', 'days.day') }} as date) as month_start_date
    from days

),

anchored as (

    select
        numbered.date_day,
        numbered.iso_day_of_week,
        numbered.month_number,
        numbered.year_number,
        numbered.month_start_date,
        cast({{ dbt.dateadd('day', '1 - numbered.iso_day_of_week', 'numbered.date_day') }} as date) as week_start_date,
        cast({{ dbt.dateadd('day', '4 - numbered.iso_day_of_week', 'numbered.date_day') }} as date) as week_thursday,
        cast({{ dbt.dateadd('month', '-mod(numbered.month_number - 1, 3)', 'numbered.month_start_date') }} as date)
            as quarter_start_date,
        cast({{ dbt.dateadd('month', '-mod(numbered.month_number - ' ~ fiscal_month ~ ' + 12, 3)', 'numbered.month_start_date') }} as date)
            as fiscal_quarter_start_date
    from numbered

),

final as (

    select
        date_day,
        iso_day_of_week,
        iso_day_of_week >= 6 as is_weekend,
        cast(extract(year from week_thursday) as bigint) as iso_year,
        cast(
            floor({{ dbt.datediff("cast(" ~ dbt.date_trunc('year', 'week_thursday') ~ " as date)", 'week_thursday', 'day') }} / 7) + 1
            as bigint
        ) as iso_week,
        week_start_date,
        cast({{ dbt.dateadd('day', 6, 'week_start_date') }} as date) as week_end_date,
        month_number,
        year_number * 12 + month_number - 1 as month_index,
        month_start_date,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 1, 'month_start_date')) }} as date) as month_end_date,
        cast(floor((month_number - 1) / 3) + 1 as bigint) as quarter_number,
        quarter_start_date,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 3, 'quarter_start_date')) }} as date) as quarter_end_date,
        year_number,
        year_number + case when {{ fiscal_month }} > 1 and month_number >= {{ fiscal_month }} then 1 else 0 end
            as fiscal_year,
        cast(floor(mod(month_number - {{ fiscal_month }} + 12, 12) / 3) + 1 as bigint) as fiscal_quarter,
        fiscal_quarter_start_date,
        cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', 3, 'fiscal_quarter_start_date')) }} as date)
            as fiscal_quarter_end_date
    from anchored

)

select
    date_day,
    iso_day_of_week,
    is_weekend,
    iso_year,
    iso_week,
    week_start_date,
    week_end_date,
    month_number,
    month_index,
    month_start_date,
    month_end_date,
    quarter_number,
    quarter_start_date,
    quarter_end_date,
    year_number,
    fiscal_year,
    fiscal_quarter,
    fiscal_quarter_start_date,
    fiscal_quarter_end_date
from final
