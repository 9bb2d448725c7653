{# Rows that break the condition (SQL). `consequence` says in words what follows from such a row. #}
{% test every_row_satisfies(model, condition, consequence) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
