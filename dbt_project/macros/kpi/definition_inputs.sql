{#- Variables that decide what some KPI counts; which KPI is what the seed kpi_definition_inputs says. A test holds both
    against what the models read. -#}
{% macro kpi_variables() -%}
    {{ return([
        'business_timezone', 'fiscal_year_first_month',
        'deployment_systems', 'deployment_echo_minutes',
        'lead_time_count_bots', 'lead_time_count_pure_merges', 'max_merge_nesting',
        'incident_lag_hours', 'incident_max_severity', 'cfr_count_failed_attempts',
        'quarter_commitment_grace_hours', 'sprint_commitment_grace_hours', 'investment_weight',
        'reporting_currency', 'exchange_rate_max_age_days', 'cost_even_split_without_driver',
        'vulnerability_new_case_days',
        'on_call_interruption_seconds', 'on_call_business_hours', 'on_call_sleep_hours',
        'regretted_fallback', 'quality_of_hire_days', 'quality_of_hire_rating_days',
    ]) }}
{%- endmacro %}

{#- The value of a variable as one short word: lists and mappings, which would be long, as the start of their md5. -#}
{% macro variable_word(name) -%}
    {%- set value = var(name) -%}
    {{ return(value | string if value is string or value is number else local_md5(tojson(value))[:8]) }}
{%- endmacro %}

{#- Select: input_kind, input_name, input_value of the variables and seeds as this run has them. What a seed holds is
    known by the start of the hash that dbt takes of its file. -#}
{% macro present_definition_inputs() -%}
    {%- set inputs = [] -%}
    {%- for name in kpi_variables() -%}
        {%- do inputs.append(('variable', name, variable_word(name))) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' -%}
            {%- do inputs.append(('seed', node.name, node.checksum.checksum[:8])) -%}
        {%- endfor -%}
    {%- endif -%}
    {% for kind, name, value in inputs | sort -%}
    select '{{ kind }}' as input_kind, '{{ name }}' as input_name, '{{ value | replace("'", "''") }}' as input_value
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
{%- endmacro %}
