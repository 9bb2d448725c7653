{#- UTC timestamp of an ISO instant inside JSON text ('2026-02-20T00:30:59Z', with or without fraction); null for
    anything else, an offset other than UTC included. Columns are cast by the loader; this is for members of JSON only.
    Usage: instant_from_text(json_text('status', 'createdAt')) -#}
{% macro instant_from_text(text) -%}
    cast(nullif(regexp_extract({{ text }}, '^([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:[.][0-9]+)?(?:Z|[+]00:?00)?$', 1), '') as timestamp)
{%- endmacro %}
