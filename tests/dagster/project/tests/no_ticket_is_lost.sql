-- One row if the counts by severity hold more tickets of a known severity than there are, or fewer.
select counted.tickets
from (select sum(tickets) as tickets from {{ ref('fct_ticket_counts') }}) as counted
cross join (
    select count(*) as tickets
    from {{ ref('stg_tickets__tickets') }}
    where severity in (select severity from {{ ref('severities') }})
) as staged
where counted.tickets <> staged.tickets
