{%- set steps = [] -%}

{%- set periods -%}
    select
        period_grain,
        period_start,
        period_end
    from {{ ref('int_kpi_periods') }}
{%- endset -%}
{%- do steps.append(['periods', periods]) -%}

{%- set ownership -%}
    select
        service_id,
        team_id,
        group_id,
        tier,
        valid_from,
        valid_to
    from {{ ref('int_service_ownership') }}
{%- endset -%}
{%- do steps.append(['ownership', ownership]) -%}

{%- set existence -%}
    select 'service' as segment_type, service_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'team' as segment_type, team_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'group' as segment_type, group_id as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'tier' as segment_type, tier as segment_id, valid_from, valid_to
    from ownership
    union all
    select 'team' as segment_type, team_id as segment_id, valid_from, valid_to
    from {{ ref('int_team_groups') }}
    union all
    select 'group' as segment_type, group_id as segment_id, valid_from, valid_to
    from {{ ref('int_team_groups') }}
{%- endset -%}
{%- do steps.append(['existence', existence]) -%}

{%- set existing -%}
    select
        periods.period_grain,
        periods.period_start,
        existence.segment_type,
        existence.segment_id
    from periods
    inner join existence on existence.valid_from <= periods.period_end and existence.valid_to > periods.period_start
    where existence.segment_id is not null and existence.segment_id <> 'unmapped'
    union
    select
        period_grain,
        period_start,
        'org' as segment_type,
        'org' as segment_id
    from periods
{%- endset -%}
{%- do steps.append(['existing', existing]) -%}

{#- What a segment was at the end of its period decides which target it is held to. -#}
{%- set services_at_end -%}
    select
        periods.period_grain,
        periods.period_start,
        ownership.service_id,
        ownership.team_id,
        ownership.tier,
        row_number() over (
            partition by periods.period_grain, periods.period_start, ownership.service_id
            order by ownership.valid_from desc
        ) as recency
    from periods
    inner join ownership on ownership.valid_from <= periods.period_end and ownership.valid_to > periods.period_start
{%- endset -%}
{%- do steps.append(['services_at_end', services_at_end]) -%}

{%- set final -%}
select
    existing.period_grain,
    existing.period_start,
    existing.segment_type,
    existing.segment_id,
    case when existing.segment_type = 'service' then existing.segment_id end as service_id,
    case existing.segment_type when 'team' then existing.segment_id when 'service' then services.team_id end as team_id,
    case existing.segment_type when 'tier' then existing.segment_id when 'service' then services.tier end as tier
from existing
-- A condition on one side alone would turn DuckDB's hash join into nested loops.
left join (
    select
        period_grain,
        period_start,
        'service' as segment_type,
        service_id,
        team_id,
        tier
    from services_at_end
    where recency = 1
) as services
    on
        existing.period_grain = services.period_grain
        and existing.period_start = services.period_start
        and existing.segment_type = services.segment_type
        and existing.segment_id = services.service_id
{%- endset -%}

{{ config(post_hook="{{ drop_staged_steps(" ~ (steps | map(attribute=0) | list) ~ ") }}") }}

{{ staged_select(steps, final) }}
