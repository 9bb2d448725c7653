with exchange_rates as (
    select * from {{ source('raw_finance', 'exchange_rates') }}
),

numbered as (
    select
        rate_date,
        upper(trim(from_currency)) as from_currency,
        upper(trim(to_currency)) as to_currency,
        rate,
        row_number() over (
            partition by rate_date, upper(trim(from_currency)), upper(trim(to_currency))
            order by rate desc
        ) as line
    from exchange_rates
)

select
    rate_date,
    from_currency,
    to_currency,
    rate
from numbered
where line = 1
