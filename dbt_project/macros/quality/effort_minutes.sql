{#- Minutes of a duration as SonarQube writes it: 11min, 1h30min, 2d, 1d4h. A day of it is a working day of
    `hours_in_day` hours (sonar.technicalDebt.hoursInDay, 8 by default). Null where the text holds no duration.
    Usage: effort_minutes('effort') -#}
{% macro effort_minutes(column, hours_in_day=8) -%}
    case
        when {{ matches_pattern(column, "'^([0-9]+d)?([0-9]+h)?([0-9]+min)?$'") }} and {{ column }} <> ''
            then
                coalesce(cast(nullif(regexp_extract({{ column }}, '([0-9]+)d', 1), '') as bigint), 0) * {{ hours_in_day * 60 }}
                + coalesce(cast(nullif(regexp_extract({{ column }}, '([0-9]+)h', 1), '') as bigint), 0) * 60
                + coalesce(cast(nullif(regexp_extract({{ column }}, '([0-9]+)min', 1), '') as bigint), 0)
    end
{%- endmacro %}
