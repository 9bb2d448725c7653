with issues as (

    select
        issue_id,
        custom_fields
    from {{ ref('stg_jira__issues') }}
    where custom_fields is not null

),

members as (

    {{ explode_json_object('issues', ['issue_id'], 'custom_fields') }}

),

rules as (

    select
        rank,
        match_on,
        pattern,
        meaning
    from {{ ref('jira_fields') }}

),

known_fields as (

    select
        field_id,
        lower(trim(field_name)) as field_name,
        lower(custom_type) as custom_type
    from {{ ref('stg_jira__fields') }}

),

seen_fields as (

    select distinct member_key as field_id
    from members

),

matches as (

    select
        seen_fields.field_id,
        rules.rank,
        rules.meaning
    from seen_fields
    left join known_fields on seen_fields.field_id = known_fields.field_id
    inner join rules
        on
            (
                rules.match_on = 'custom_type'
                and {{ matches_pattern('known_fields.custom_type', 'rules.pattern') }}
            )
            or (
                rules.match_on = 'name'
                and {{ matches_pattern('known_fields.field_name', 'rules.pattern') }}
            )
            or (
                rules.match_on = 'id'
                and known_fields.field_id is null
                and {{ matches_pattern('seen_fields.field_id', 'rules.pattern') }}
            )

),

meanings as (

    select
        field_id,
        meaning
    from (
        select
            field_id,
            meaning,
            row_number() over (partition by field_id order by rank asc, meaning asc) as position
        from matches
    ) as ranked
    where position = 1

)

select
    members.issue_id,
    members.member_key as field_id,
    meanings.meaning,
    members.member_value as value_text
from members
inner join meanings on members.member_key = meanings.field_id
where members.member_value is not null
