-- A project is analysed several times a day: the last analysis of a day is what the day ended with.
{%- set metrics = {
    'coverage': 'coverage_percent', 'duplicated_lines_density': 'duplication_percent', 'ncloc': 'lines_of_code',
    'sqale_index': 'debt_minutes', 'reliability_rating': 'reliability_rating', 'security_rating': 'security_rating',
    'sqale_rating': 'maintainability_rating',
} %}
with told as (

    select
        replace(lower(project_key), ':', '_') as project_id,
        metric,
        analysed_at,
        value
    from {{ ref('stg_sonarqube__measures') }}
    where value is not null

),

dated as (

    select
        project_id,
        metric,
        value,
        analysed_at,
        {{ business_date('analysed_at') }} as measured_date,
        row_number() over (
            partition by project_id, metric, {{ business_date('analysed_at') }} order by analysed_at desc
        ) as newest_first
    from told

)

select
    'sonarqube' as source_system,
    dated.project_id,
    coalesce(projects.service_id, 'unmapped') as service_id,
    dated.measured_date,
    max(dated.analysed_at) as analysed_at,
    {% for metric, column in metrics.items() -%}
    max(case when dated.metric = '{{ metric }}' then dated.value end) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from dated
left join {{ ref('int_code_projects') }} as projects on dated.project_id = projects.project_id
where dated.newest_first = 1
group by dated.project_id, coalesce(projects.service_id, 'unmapped'), dated.measured_date
