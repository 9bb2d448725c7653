{#- Full name of a job (folder/name/branch) from its address (job/folder/job/name/job/branch/), in which each part is
    encoded, a branch's slash twice. Other characters than space, slash and percent stay as the address has them.
    Usage: jenkins_job_name('job') -#}
{% macro jenkins_job_name(address) -%}
    replace(replace(replace(replace(regexp_replace(regexp_replace({{ address }}, '^/?job/', ''), '/$', ''), '/job/', '/'), '%20', ' '), '%25', '%'), '%2F', '/')
{%- endmacro %}
