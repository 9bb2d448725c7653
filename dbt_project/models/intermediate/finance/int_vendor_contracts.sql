with

contracts as (

    select * from {{ ref('stg_finance__vendor_contracts') }}

),

dated as (

    select
        contracts.*,
        {{ dbt.datediff('starts_on', 'ends_on', 'day') }} + 1 as term_days,
        cast({{ dbt.dateadd('day', '-notice_days', 'ends_on') }} as date) as notice_date
    from contracts

)

select
    contract_id,
    vendor_name,
    category,
    team_id,
    starts_on,
    ends_on,
    cast(term_days as bigint) as term_days,
    amount,
    currency,
    auto_renews,
    cancelled_on,
    case when auto_renews and cancelled_on is null then notice_date end as notice_date,
    case
        when term_days <= 0 then 'invalid'
        when ends_on < date '{{ var("as_of_date") }}' then 'ended'
        when starts_on > date '{{ var("as_of_date") }}' then 'to_come'
        when cancelled_on is not null then 'cancelled'
        else 'running'
    end as contract_status,
    case when term_days <= 0 then 'end_before_start' end as exclusion_reason
from dated
