{#- Length of an SLO's window from text such as 28d, 4w, 1M: its `count` (bigint) or its `unit` (hour, day, week,
    month, quarter, year). Both are null where the text is no such length. OpenSLO's own example writes one month
    as 1m, and no window lasts minutes, so m means months here; in a time slice (not read here) it means minutes. -#}
{% macro slo_window(duration, part) -%}
    {%- set readable = matches_pattern(duration, "'^[0-9]{1,4}[hdwmMqQyY]$'") -%}
    {%- if part == 'count' -%}
        case when {{ readable }} then cast(substr({{ duration }}, 1, length({{ duration }}) - 1) as bigint) end
    {%- elif part == 'unit' -%}
        case
            when {{ readable }}
                then
                    case lower(substr({{ duration }}, length({{ duration }}), 1))
                        when 'h' then 'hour'
                        when 'd' then 'day'
                        when 'w' then 'week'
                        when 'm' then 'month'
                        when 'q' then 'quarter'
                        else 'year'
                    end
        end
    {%- else -%}
        {{ exceptions.raise_compiler_error("slo_window knows count and unit, not " ~ part) }}
    {%- endif -%}
{%- endmacro %}
