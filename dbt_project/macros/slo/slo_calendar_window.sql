{#- Number (bigint) of the calendar window in which a UTC instant falls, 0 for the one that begins at
    calendar_started_local_at; null for a rolling window. Reads calendar_months, calendar_days,
    calendar_started_local_at and calendar_time_zone of the row. Wall-clock time decides, so that a window that begins
    at noon does so on both sides of a change to summer time. -#}
{% macro slo_calendar_window(instant) -%}
    {%- set local = local_timestamp(instant, 'calendar_time_zone') -%}
    {%- set anchor = 'calendar_started_local_at' -%}
    case
        when calendar_days is not null
            then
                cast(
                    floor({{ dbt.datediff(anchor, local, 'second') }} / (86400.0 * calendar_days)) as bigint
                )
        when calendar_months is not null
            then
                cast(
                    floor(
                        (
                            {{ dbt.datediff(anchor, local, 'month') }}
                            -- The month has turned, but not yet the anchor's day and hour in it.
                            - case
                                when
                                    (extract(day from {{ local }}) - 1) * 86400
                                    + extract(hour from {{ local }}) * 3600
                                    + extract(minute from {{ local }}) * 60
                                    < (extract(day from {{ anchor }}) - 1) * 86400
                                    + extract(hour from {{ anchor }}) * 3600
                                    + extract(minute from {{ anchor }}) * 60
                                    then 1
                                else 0
                            end
                        )
                        / (calendar_months * 1.0)
                    ) as bigint
                )
    end
{%- endmacro %}

{#- UTC instant (timestamp) at which the calendar window of a number begins; null for a rolling window. -#}
{% macro slo_calendar_window_start(number) -%}
    case
        when calendar_days is not null
            then {{ utc_timestamp(dbt.dateadd('day', number ~ ' * calendar_days', 'calendar_started_local_at'), 'calendar_time_zone') }}
        when calendar_months is not null
            then {{ utc_timestamp(dbt.dateadd('month', number ~ ' * calendar_months', 'calendar_started_local_at'), 'calendar_time_zone') }}
    end
{%- endmacro %}
