with rates as (
    select
        rate_date,
        from_currency,
        cast(rate as decimal(18, 11)) as rate,
        lead(rate_date) over (partition by from_currency order by rate_date) as next_rate_date
    from {{ ref('stg_finance__exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}' and from_currency <> '{{ var("reporting_currency") }}'
),

spans as (
    select
        from_currency,
        rate,
        rate_date as valid_from,
        next_rate_date,
        cast({{ dbt.dateadd('day', var('exchange_rate_max_age_days'), 'rate_date') }} as date) as stale_from
    from rates
),

-- The reporting currency needs no rate.
itself as (
    select
        cast('{{ var("reporting_currency") }}' as {{ dbt.type_string() }}) as from_currency,
        cast(1 as decimal(18, 11)) as rate,
        cast('0001-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
)

select
    from_currency,
    rate,
    valid_from,
    case when next_rate_date < stale_from then next_rate_date else stale_from end as valid_to
from spans
union all
select
    from_currency,
    rate,
    valid_from,
    valid_to
from itself
