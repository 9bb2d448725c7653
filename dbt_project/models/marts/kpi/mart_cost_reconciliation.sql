with daily as (
    select * from {{ ref('fct_cloud_cost_daily') }}
),

allocations as (
    select * from {{ ref('int_cost_allocations') }}
),

invoice_totals as (
    select * from {{ ref('stg_finance__invoice_totals') }}
),

exported as (
    select
        'as_invoiced' as cost_view,
        billing_period_start as period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(charge_rows) as charge_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(billed_cost) as export_cost
    from daily
    group by
        billing_period_start,
        invoice_issuer,
        billing_account_id,
        currency
    union all
    select
        'as_incurred' as cost_view,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(charge_rows) as charge_rows,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(effective_cost) as export_cost
    from daily
    group by
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date),
        invoice_issuer,
        billing_account_id,
        currency
),

allocated as (
    select
        cost_view,
        period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        sum(case when allocation = 'direct' then amount else cast(0 as decimal(38, 18)) end) as direct_cost,
        sum(case when allocation = 'shared' then amount else cast(0 as decimal(38, 18)) end) as shared_cost,
        sum(case when allocation = 'unallocated' then amount else cast(0 as decimal(38, 18)) end) as unallocated_cost,
        sum(case when unallocated_reason = 'excluded_by_rule' then amount else cast(0 as decimal(38, 18)) end) as excluded_cost,
        sum(case when not is_converted then amount else cast(0 as decimal(38, 18)) end) as unconverted_cost,
        sum(amount) as accounted_cost,
        sum(reporting_amount) as reporting_cost
    from allocations
    group by
        cost_view,
        period_start,
        invoice_issuer,
        billing_account_id,
        currency
),

invoiced as (
    select
        'as_invoiced' as cost_view,
        billing_period_start as period_start,
        invoice_issuer,
        billing_account_id,
        currency,
        count(*) as invoices,
        sum(total) as invoice_total
    from invoice_totals
    group by
        billing_period_start,
        invoice_issuer,
        billing_account_id,
        currency
),

spine as (
    select cost_view, period_start, invoice_issuer, billing_account_id, currency from exported
    union
    select cost_view, period_start, invoice_issuer, billing_account_id, currency from invoiced
),

{% set key = ['cost_view', 'period_start', 'invoice_issuer', 'billing_account_id', 'currency'] -%}
joined as (
    select
        {%- for column in key %}
        spine.{{ column }},
        {%- endfor %}
        coalesce(exported.charge_rows, 0) as charge_rows,
        {%- for column in ['billed_cost', 'effective_cost', 'export_cost'] %}
        coalesce(exported.{{ column }}, cast(0 as decimal(38, 18))) as {{ column }},
        {%- endfor %}
        {%- for column in ['direct_cost', 'shared_cost', 'unallocated_cost', 'excluded_cost', 'unconverted_cost', 'accounted_cost'] %}
        coalesce(allocated.{{ column }}, cast(0 as decimal(38, 18))) as {{ column }},
        {%- endfor %}
        allocated.reporting_cost,
        coalesce(invoiced.invoices, 0) as invoices,
        invoiced.invoice_total
    from spine
    {%- for relation in ['exported', 'allocated', 'invoiced'] %}
    left join {{ relation }}
        on
            {%- for column in key %}
            {{ relation }}.{{ column }} = spine.{{ column }}
            {%- if not loop.last %}
            and{% endif %}
            {%- endfor %}
    {%- endfor %}
),

compared as (
    select
        joined.*,
        cast(cast(export_cost as decimal(36, 18)) - cast(accounted_cost as decimal(36, 18)) as decimal(38, 18)) as difference,
        cast(cast(export_cost as decimal(36, 18)) - cast(invoice_total as decimal(36, 18)) as decimal(38, 18)) as invoice_difference
    from joined
)

select
    cost_view,
    period_start,
    invoice_issuer,
    billing_account_id,
    currency,
    cast(charge_rows as bigint) as charge_rows,
    billed_cost,
    effective_cost,
    export_cost,
    direct_cost,
    shared_cost,
    unallocated_cost,
    excluded_cost,
    difference,
    unconverted_cost,
    cast('{{ var("reporting_currency") }}' as {{ dbt.type_string() }}) as reporting_currency,
    reporting_cost,
    invoices,
    invoice_total,
    invoice_difference,
    case when cost_view = 'as_invoiced' then cast({{ var('cost_invoice_tolerance') }} as decimal(38, 18)) end as invoice_tolerance,
    case
        when cost_view = 'as_incurred' then 'not_applicable'
        when invoice_total is null then 'no_invoice'
        when charge_rows = 0 then 'no_charges'
        when abs(invoice_difference) <= cast({{ var('cost_invoice_tolerance') }} as decimal(38, 18)) then 'matches'
        else 'differs'
    end as invoice_status
from compared
