{#- Select: the number of the publication that is being built, one row: one more than the last that changed anything. -#}
{% macro next_publication() -%}
    select coalesce(max(publication), 0) + 1 as publication
    from (
        select max(publication) as publication
        from {{ ref('stg_ops__published_values') }}
        union all
        select max(publication) as publication
        from {{ ref('stg_ops__published_records') }}
        union all
        select max(replaced_by) as publication
        from {{ ref('stg_ops__published_records') }}
    ) as remembered
{%- endmacro %}
