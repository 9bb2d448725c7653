{#- THE list: a KPI takes part in every figure once its records model stands here and its kpi_ids in the seed kpis. -#}
{% macro kpi_record_models() -%}
    {{ return([
        'int_kpi_deployment_frequency_records',
        'int_kpi_lead_time_for_changes_records',
        'int_kpi_change_failure_rate_records',
        'int_kpi_time_to_restore_records',
        'int_kpi_slo_attainment_records',
        'int_kpi_major_incidents_records',
        'int_kpi_postmortem_action_completion_records',
        'int_kpi_escaped_defect_rate_records',
        'int_kpi_pipeline_success_rate_records',
        'int_kpi_test_flakiness_records',
        'int_kpi_cycle_time_records',
        'int_kpi_throughput_records',
        'int_kpi_plan_vs_actual_records',
        'int_kpi_investment_ratio_records',
        'int_kpi_cloud_cost_per_customer_records',
        'int_kpi_vulnerability_sla_records',
        'int_kpi_oncall_load_records',
        'int_kpi_enps_records',
        'int_kpi_regrettable_attrition_records',
        'int_kpi_stakeholder_satisfaction_records',
        'int_kpi_hiring_time_to_fill_records',
        'int_kpi_quality_of_hire_records',
    ]) }}
{%- endmacro %}

{#- Of the models, those that read a fact by its primary key and nothing beside it: no record of theirs can stand on several
    rows, so none is looked for. A test says where one does. -#}
{% macro kpi_models_of_lone_records() -%}
    {{ return([
        'int_kpi_deployment_frequency_records',
        'int_kpi_change_failure_rate_records',
    ]) }}
{%- endmacro %}

{#- Columns that only some of these models have, each a way to slice: the function (product, support, sales …) of whoever
    answered, the type (story, bug, task, epic …) of a work item. -#}
{% macro kpi_own_columns() -%}
    {{ return({
        'respondent_function': ['int_kpi_stakeholder_satisfaction_records'],
        'work_type': [
            'int_kpi_cycle_time_records', 'int_kpi_throughput_records', 'int_kpi_plan_vs_actual_records',
        ],
    }) }}
{%- endmacro %}

{#- Of the models, those that tell of people: their records stand in marts_people, the others' in marts. -#}
{% macro kpi_people_models() -%}
    {{ return([
        'int_kpi_oncall_load_records',
        'int_kpi_enps_records',
        'int_kpi_regrettable_attrition_records',
        'int_kpi_stakeholder_satisfaction_records',
        'int_kpi_quality_of_hire_records',
    ]) }}
{%- endmacro %}
