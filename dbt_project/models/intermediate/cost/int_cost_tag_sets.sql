with charges as (
    select * from {{ ref('int_cost_charges') }}
),

tag_keys as (
    select * from {{ ref('cost_tag_keys') }}
),

-- Tags repeat over millions of charges: each distinct text is read once.
tag_texts as (
    select tags from charges where tags is not null
    union
    select allocated_tags as tags from charges where allocated_tags is not null
),

members as (
    {{ explode_json_object('tag_texts', ['tags'], 'tags') }}
),

meanings as (
    select
        members.tags,
        tag_keys.meaning,
        trim(members.member_value) as member_value,
        row_number() over (
            partition by members.tags, tag_keys.meaning
            order by tag_keys.priority, members.member_key, members.member_value
        ) as place
    from members
    inner join tag_keys
        on tag_keys.tag_key = replace(replace(replace(lower(trim(members.member_key)), '-', '_'), ':', '_'), ' ', '_')
    -- A tag without a value arrives as true: it names nobody.
    where lower(trim(members.member_value)) not in ('', 'true', 'false', 'null')
)

select
    tags,
    max(case when meaning = 'customer' then member_value end) as customer_tag,
    max(case when meaning = 'service' then member_value end) as service_tag,
    max(case when meaning = 'team' then member_value end) as team_tag,
    max(case when meaning = 'pool' then member_value end) as pool_tag
from meanings
where place = 1
group by tags
