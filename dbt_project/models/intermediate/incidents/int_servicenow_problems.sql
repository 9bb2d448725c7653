{#- The table API's telling of a problem comes before a list export's, which knows no sys_id. -#}
{{ config(materialized='view') }}

with told as (

    select
        problem_id,
        problem_number,
        title
    from {{ ref('stg_servicenow__problems') }}

)

select
    problem_id,
    problem_number,
    title
from told
union all
select
    cast(null as string) as problem_id,
    exports.problem_number,
    exports.title
from {{ ref('stg_servicenow__problem_exports') }} as exports
left join told on exports.problem_number = told.problem_number
where told.problem_number is null
