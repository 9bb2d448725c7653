with vendor_contracts as (
    select * from {{ source('raw_finance', 'vendor_contracts') }}
),

-- A list that names a contract twice means it once: the dearer line holds, so that the order of lines decides nothing.
numbered as (
    select
        vendor_contracts.*,
        row_number() over (
            partition by trim(contract_id)
            order by amount desc, ends_on desc, starts_on asc, vendor_name asc, team_id asc nulls last, currency asc
        ) as line
    from vendor_contracts
)

select
    trim(contract_id) as contract_id,
    trim(vendor_name) as vendor_name,
    {{ slug('category') }} as category,
    coalesce(lower(nullif(trim(team_id), '')), 'unmapped') as team_id,
    starts_on,
    ends_on,
    amount,
    upper(trim(currency)) as currency,
    coalesce(auto_renews, false) as auto_renews,
    coalesce(notice_days, 0) as notice_days,
    cancelled_on
from numbered
where line = 1
