{#- The first days of the billing periods, as text, of delivered partitions whose roll-up is not kept or stale; asked while the model is run, of tables
    that exist by then. Unit tests override it: they have none.
    Usage: missing_billing_periods(ref('int_cost_partitions'), this) -#}
{% macro missing_billing_periods(partitions, rollup) -%}
    {%- set missing -%}
        select distinct cast(delivered.billing_period_start as {{ dbt.type_string() }}) as billing_period_start
        from {{ partitions }} as delivered
        where not exists (
            select 1
            from {{ rollup }} as kept
            where
                kept.invoice_issuer = delivered.invoice_issuer
                and kept.billing_account_id = delivered.billing_account_id
                and kept.billing_period_start = delivered.billing_period_start
                and kept.fingerprint = delivered.fingerprint
        )
        order by 1
    {%- endset -%}
    {{ return(run_query(missing).columns[0].values() | select | list if execute else []) }}
{%- endmacro %}
