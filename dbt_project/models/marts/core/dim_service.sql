with periods as (

    select
        service_id,
        service_name,
        team_id,
        group_id,
        tier,
        valid_from,
        valid_to
    from {{ ref('int_service_ownership') }}

),

lifecycles as (

    select
        service_id,
        lifecycle,
        valid_from
    from {{ ref('stg_catalogue__services') }}
    union all
    select
        entity_name as service_id,
        lifecycle,
        date '1900-01-01' as valid_from
    from {{ ref('stg_catalogue__backstage_entities') }}
    where kind = 'component'

),

ranked_lifecycles as (

    select
        service_id,
        lifecycle,
        row_number() over (partition by service_id order by valid_from desc, lifecycle asc) as rank
    from lifecycles
    where lifecycle is not null and valid_from <= cast('{{ var("as_of_date") }}' as date)

),

-- The period that holds on the last day that counts; for a service that is gone or yet to come, its latest.
ranked as (

    select
        service_id,
        service_name,
        team_id,
        group_id,
        tier,
        min(valid_from) over (partition by service_id) as first_day,
        max(valid_to) over (partition by service_id) as end_day,
        row_number() over (
            partition by service_id
            order by
                case when valid_from <= cast('{{ var("as_of_date") }}' as date) then 0 else 1 end asc,
                valid_from desc
        ) as rank
    from periods

)

select
    ranked.service_id,
    ranked.service_name,
    ranked.team_id,
    ranked.group_id,
    ranked.tier,
    ranked_lifecycles.lifecycle,
    ranked.first_day as valid_from,
    ranked.end_day as valid_to,
    ranked.first_day <= cast('{{ var("as_of_date") }}' as date)
    and ranked.end_day > cast('{{ var("as_of_date") }}' as date) as is_active
from ranked
left join ranked_lifecycles
    on
        ranked.service_id = ranked_lifecycles.service_id
        and ranked_lifecycles.rank = 1
where ranked.rank = 1
union all
select
    'unmapped' as service_id,
    'Not mapped to a service' as service_name,
    'unmapped' as team_id,
    'unmapped' as group_id,
    'unmapped' as tier,
    cast(null as string) as lifecycle,
    date '1900-01-01' as valid_from,
    date '9999-12-31' as valid_to,
    true as is_active
