select
    problem_id,
    problem_number,
    substring(title, 1, 200) as title
from {{ source('raw_servicenow', 'problems') }}
