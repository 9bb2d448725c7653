{#- Regular expression that matches a whole path as a glob does: '*' and '?' stay within a folder, '**' crosses folders,
    'a/**' is everything below a. What regular expressions would take for a sign is put in brackets, which RE2 and Java
    read alike. Usage: glob_regex('path_glob') -#}
{% macro glob_regex(glob) -%}
    {%- set ns = namespace(text=glob) -%}
    {%- for sign in ['.', '+', '(', ')', '{', '}', '|', '$'] -%}
        {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ sign ~ "', '[" ~ sign ~ "]')" -%}
    {%- endfor -%}
    {#- The doubled star first, under names that no path has, so that the single star does not eat it. -#}
    {%- for mark, meaning in [('**/', '<any-folders>'), ('**', '<anything>'), ('*', '[^/]*'), ('?', '[^/]'), ('<any-folders>', '(.*/)?'), ('<anything>', '.*')] -%}
        {%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ mark ~ "', '" ~ meaning ~ "')" -%}
    {%- endfor -%}
    concat('^', {{ ns.text }}, '$')
{%- endmacro %}
