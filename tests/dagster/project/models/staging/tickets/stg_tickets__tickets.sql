with source as (

    select
        ticket_id,
        severity,
        updated_at
    from {{ source('raw_tickets', 'tickets') }}

)

select * from source
