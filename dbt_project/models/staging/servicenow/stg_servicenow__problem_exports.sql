select
    problem_number,
    substring(title, 1, 200) as title
from {{ source('raw_servicenow', 'problem_exports') }}
