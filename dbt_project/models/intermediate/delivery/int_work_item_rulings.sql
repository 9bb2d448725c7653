with rules as (

    select
        rank,
        concept,
        system,
        field,
        pattern,
        outcome
    from {{ ref('work_item_rules') }}

),

facets as (

    select
        work_item_id,
        source_system,
        field,
        text_value
    from {{ ref('int_work_item_facets') }}

),

-- Few texts, many items: each text is asked once.
distinct_texts as (

    select distinct
        source_system,
        field,
        text_value
    from facets

),

ruled_texts as (

    select
        distinct_texts.source_system,
        distinct_texts.field,
        distinct_texts.text_value,
        rules.concept,
        rules.rank,
        rules.outcome
    from distinct_texts
    inner join rules
        on
            distinct_texts.field = rules.field
            and (rules.system = '*' or rules.system = distinct_texts.source_system)
            and {{ matches_pattern('distinct_texts.text_value', 'rules.pattern') }}

),

ruled as (

    select
        facets.work_item_id,
        ruled_texts.concept,
        ruled_texts.rank,
        ruled_texts.outcome
    from facets
    inner join ruled_texts
        on
            facets.source_system = ruled_texts.source_system
            and facets.field = ruled_texts.field
            and facets.text_value = ruled_texts.text_value

),

typed as (

    select
        work_item_id,
        outcome as work_type
    from (
        select
            work_item_id,
            outcome,
            row_number() over (partition by work_item_id order by rank asc, outcome asc) as position
        from ruled
        where concept = 'work_type'
    ) as ranked_types
    where position = 1

),

-- Rules of the other concepts may ask for what the first ones found.
ruled_by_type as (

    select
        typed.work_item_id,
        rules.concept,
        rules.rank,
        rules.outcome
    from typed
    inner join rules
        on
            rules.field = 'work_type'
            and rules.concept <> 'work_type'
            and {{ matches_pattern('typed.work_type', 'rules.pattern') }}

),

ranked as (

    select
        work_item_id,
        concept,
        outcome,
        row_number() over (partition by work_item_id, concept order by rank asc, outcome asc) as position
    from (
        select
            work_item_id,
            concept,
            rank,
            outcome
        from ruled
        union all
        select
            work_item_id,
            concept,
            rank,
            outcome
        from ruled_by_type
    ) as all_matches

)

select
    work_item_id,
    concept,
    outcome
from ranked
where position = 1
