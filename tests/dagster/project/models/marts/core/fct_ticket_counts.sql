select
    severities.severity,
    count(tickets.ticket_id) as tickets
from {{ ref('severities') }} as severities
left join {{ ref('stg_tickets__tickets') }} as tickets on severities.severity = tickets.severity
group by severities.severity
