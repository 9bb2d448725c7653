{#- Sum (decimal(38, 9)) of `value`, a decimal with nine digits after its point, over the rows of the partition whose
    `clock` (double) lies in (`clock` of this row - 1, `clock` of this row]: a frame's length must be a literal, so the
    caller's clock counts in window lengths. Clocks that are not a whole length apart must differ from one by more than
    1e-7 (instants in seconds and windows of up to 28 days: 4e-7).
    Spark adds a sliding frame up anew for every row: there the sum is what has come until now less what had come
    before the window, both of which only grow. -#}
{% macro sliding_sum(value, partition_by, clock) -%}
    {{ return(adapter.dispatch('sliding_sum')(value, partition_by, clock)) }}
{%- endmacro %}

{% macro default__sliding_sum(value, partition_by, clock) -%}
    cast(
        sum({{ value }}) over (
            partition by {{ partition_by }}
            order by {{ clock }}
            range between 0.9999999 preceding and current row
        ) as decimal(38, 9)
    )
{%- endmacro %}

{% macro duckdb__sliding_sum(value, partition_by, clock) -%}
    {{ default__sliding_sum(value, partition_by, clock) }}
{%- endmacro %}

{% macro spark__sliding_sum(value, partition_by, clock) -%}
    {#- 36 digits: the difference of two decimals needs one more, and Spark takes it from behind the point at 38. -#}
    cast(
        cast(
            sum({{ value }}) over (
                partition by {{ partition_by }}
                order by {{ clock }}
                range between unbounded preceding and current row
            ) as decimal(36, 9)
        )
        - coalesce(
            cast(
                sum({{ value }}) over (
                    partition by {{ partition_by }}
                    order by {{ clock }}
                    range between unbounded preceding and 0.9999999 preceding
                ) as decimal(36, 9)
            ),
            cast(0 as decimal(36, 9))
        ) as decimal(38, 9)
    )
{%- endmacro %}
