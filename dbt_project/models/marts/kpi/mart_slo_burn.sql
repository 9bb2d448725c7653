{%- set pairs = ['page_fast', 'page_slow', 'ticket_fast', 'ticket_slow'] -%}
with

days as (

    select * from {{ ref('fct_slo_daily') }}

),

definitions as (

    select * from {{ ref('int_slo_definitions') }}

),

units as (

    select * from {{ ref('int_slo_units') }}

),

burn_rates as (

    select * from {{ ref('fct_slo_burn_rates') }}

),

window_lengths as (

    select distinct
        slo_id,
        window_days
    from days
    where window_type = 'rolling'

),

-- As in fct_slo_burn_rates: on a clock that counts in windows every window is (1 back, now].
clocked as (

    select
        days.slo_id,
        days.slo_date,
        days.window_type,
        days.window_days as window_days_then,
        window_lengths.window_days,
        days.good,
        days.total,
        days.data_seconds,
        days.expected_seconds,
        cast(
            {{ dbt.datediff("cast('1970-01-01' as date)", 'days.slo_date', 'day') }}
            as double
        ) / window_lengths.window_days as clock
    from days
    inner join window_lengths
        on days.slo_id = window_lengths.slo_id

),

rolled as (

    select
        slo_id,
        slo_date,
        window_type,
        window_days_then,
        window_days,
        sum(good) over window_back as good,
        sum(total) over window_back as total,
        sum(data_seconds) over window_back as data_seconds,
        -- Days before the first sample belong to the window, too: nothing is known of them.
        sum(expected_seconds) over window_back + (window_days - count(*) over window_back) * 86400 as expected_seconds
    from clocked
    window
        window_back as (
            partition by slo_id, window_days
            order by clock
            range between 0.9999999 preceding and current row
        )

),

rolling as (

    select
        slo_id,
        slo_date,
        {{ dbt.dateadd('day', '1 - window_days', 'slo_date') }} as window_first_day,
        good,
        total,
        data_seconds,
        expected_seconds
    from rolled
    where window_type = 'rolling' and window_days = window_days_then

),

calendar_days as (

    select
        days.slo_id,
        days.slo_date,
        days.day_ended_at,
        definitions.calendar_months,
        definitions.calendar_days,
        definitions.calendar_started_local_at,
        definitions.calendar_time_zone
    from days
    inner join definitions
        on
            days.slo_id = definitions.slo_id
            and days.slo_date >= definitions.valid_from
            and days.slo_date < definitions.valid_to
    where definitions.window_type = 'calendar'

),

day_windows as (

    select
        slo_id,
        slo_date,
        day_ended_at,
        calendar_months,
        calendar_days,
        calendar_started_local_at,
        calendar_time_zone,
        {{ slo_calendar_window(dbt.dateadd('second', -1, 'day_ended_at')) }} as calendar_window
    from calendar_days

),

calendar_counts as (

    select
        slo_id,
        unit_date,
        calendar_window,
        sum(good_units) as good,
        sum(valid_units) as total,
        sum(data_seconds) as data_seconds
    from units
    where calendar_window is not null
    group by slo_id, unit_date, calendar_window

),

calendar as (

    select
        day_windows.slo_id,
        day_windows.slo_date,
        {{ slo_calendar_window_start('day_windows.calendar_window') }} as window_started_at,
        day_windows.day_ended_at,
        sum(coalesce(calendar_counts.good, 0)) over window_so_far as good,
        sum(coalesce(calendar_counts.total, 0)) over window_so_far as total,
        sum(coalesce(calendar_counts.data_seconds, 0)) over window_so_far as data_seconds
    from day_windows
    left join calendar_counts
        on
            day_windows.slo_id = calendar_counts.slo_id
            and day_windows.slo_date = calendar_counts.unit_date
            and day_windows.calendar_window = calendar_counts.calendar_window
    window
        window_so_far as (
            partition by day_windows.slo_id, day_windows.calendar_window
            order by day_windows.slo_date
            rows between unbounded preceding and current row
        )

),

attained as (

    select
        slo_id,
        slo_date,
        {{ business_day_start('window_first_day') }} as window_started_at,
        good,
        total,
        data_seconds,
        expected_seconds
    from rolling

    union all

    select
        slo_id,
        slo_date,
        window_started_at,
        good,
        total,
        data_seconds,
        {{ dbt.datediff('window_started_at', 'day_ended_at', 'second') }}
            as expected_seconds
    from calendar

),

recent as (

    select
        slo_id,
        slo_date,
        sum(bad) over (partition by slo_id order by slo_date rows between 2 preceding and current row) as bad,
        sum(total) over (partition by slo_id order by slo_date rows between 2 preceding and current row) as total
    from days

),

alerts as (

    select
        slo_id,
        slo_date,
        {% for pair in pairs %}
            max(case when pair_id = '{{ pair }}' then burn_factor end) as {{ pair }}_burn_factor,
            max(case when pair_id = '{{ pair }}' then long_burn_rate end) as {{ pair }}_long_burn_rate,
            max(case when pair_id = '{{ pair }}' then short_burn_rate end) as {{ pair }}_short_burn_rate,
            bool_or(case when pair_id = '{{ pair }}' then is_firing_at_day_end end) as is_{{ pair }}_at_day_end,
            bool_or(case when pair_id = '{{ pair }}' then has_fired end) as has_{{ pair }}_fired,
        {% endfor %}
        bool_or(case when alert = 'page' then is_firing_at_day_end end) as is_page,
        bool_or(case when alert = 'ticket' then is_firing_at_day_end end) as is_ticket,
        bool_or(case when alert = 'page' then has_fired end) as has_paged,
        bool_or(case when alert = 'ticket' then has_fired end) as has_ticketed
    from burn_rates
    group by slo_id, slo_date

),

joined as (

    select
        days.slo_id,
        days.slo_date,
        days.slo_name,
        days.service_id,
        days.objective,
        days.budgeting_method,
        days.counted_unit,
        days.window_type,
        days.window_days,
        attained.window_started_at,
        attained.good,
        attained.total,
        cast(attained.good as double) / nullif(cast(attained.total as double), 0) as attainment_share,
        cast(1 - days.objective as decimal(18, 9)) as error_budget_share,
        cast(attained.total - attained.good as double)
        / nullif(cast(attained.total as double) * cast(1 - days.objective as double), 0) as budget_consumed,
        cast((1 - days.objective) * days.window_days * 86400 as decimal(38, 9)) as error_budget_seconds,
        least(1.0, cast(attained.data_seconds as double) / nullif(attained.expected_seconds, 0)) as coverage_share,
        days.good as day_good,
        days.total as day_total,
        days.attainment_share as day_attainment_share,
        days.coverage_share as day_coverage_share,
        cast(recent.bad as double)
        / nullif(cast(recent.total as double) * cast(1 - days.objective as double), 0) as burn_rate_3d,
        {% for pair in pairs %}
            alerts.{{ pair }}_burn_factor,
            alerts.{{ pair }}_long_burn_rate,
            alerts.{{ pair }}_short_burn_rate,
            alerts.is_{{ pair }}_at_day_end,
            alerts.has_{{ pair }}_fired,
        {% endfor %}
        case
            when alerts.is_page then 'page'
            when alerts.is_ticket then 'ticket'
            when alerts.is_page is null and alerts.is_ticket is null then 'no_data'
            else 'none'
        end as alert_at_day_end,
        case
            when alerts.has_paged then 'page'
            when alerts.has_ticketed then 'ticket'
            when alerts.has_paged is null and alerts.has_ticketed is null then 'no_data'
            else 'none'
        end as alert_of_day
    from days
    inner join attained
        on
            days.slo_id = attained.slo_id
            and days.slo_date = attained.slo_date
    inner join recent
        on
            days.slo_id = recent.slo_id
            and days.slo_date = recent.slo_date
    left join alerts
        on
            days.slo_id = alerts.slo_id
            and days.slo_date = alerts.slo_date

),

final as (

    select
        *,
        1 - budget_consumed as budget_remaining,
        case
            when budget_consumed >= 1 then 0
            when burn_rate_3d > 0 then (1 - budget_consumed) * window_days / burn_rate_3d
        end as days_to_exhaustion
    from joined

)

select
    slo_id,
    slo_date,
    slo_name,
    service_id,
    objective,
    budgeting_method,
    counted_unit,
    window_type,
    window_days,
    cast(window_started_at as timestamp) as window_started_at,
    cast(good as decimal(38, 9)) as good,
    cast(total as decimal(38, 9)) as total,
    attainment_share,
    attainment_share >= cast(objective as double) as is_met,
    error_budget_share,
    error_budget_seconds,
    budget_consumed,
    budget_remaining,
    cast(coverage_share as double) as coverage_share,
    day_good,
    day_total,
    day_attainment_share,
    day_coverage_share,
    burn_rate_3d,
    cast(days_to_exhaustion as double) as days_to_exhaustion,
    -- Beyond a hundred years a day on the calendar would only mislead.
    case
        when days_to_exhaustion < 36500
            then cast({{ dbt.dateadd('day', 'cast(floor(days_to_exhaustion) as bigint)', 'slo_date') }} as date)
    end as projected_exhaustion_date,
    {% for pair in pairs %}
        {{ pair }}_burn_factor,
        {{ pair }}_long_burn_rate,
        {{ pair }}_short_burn_rate,
        is_{{ pair }}_at_day_end,
        has_{{ pair }}_fired,
    {% endfor %}
    alert_at_day_end,
    alert_of_day
from final
