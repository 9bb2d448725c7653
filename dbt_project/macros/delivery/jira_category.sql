{#- todo, in_progress or done for a status category of Jira: its key or, in an English CSV, its name; null for any other. -#}
{% macro jira_category(category) -%}
    case lower({{ category }})
        when 'new' then 'todo'
        when 'to do' then 'todo'
        when 'indeterminate' then 'in_progress'
        when 'in progress' then 'in_progress'
        when 'done' then 'done'
    end
{%- endmacro %}
