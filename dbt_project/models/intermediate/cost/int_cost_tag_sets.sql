with charges as (
    select * from {{ ref('int_cost_charges') }}
),

workloads as (
    select * from {{ ref('int_cluster_workloads') }}
),

tag_keys as (
    select * from {{ ref('cost_tag_keys') }}
),

-- Tags repeat over millions of charges: each distinct text is read once.
tag_texts as (
    select tags from charges where tags is not null
    union
    select allocated_tags as tags from charges where allocated_tags is not null
    union
    select tags from workloads where tags is not null
),

tag_objects as (
    select tags from tag_texts where substring(trim(tags), 1, 1) = '{'
),

-- Google writes tags as a list of keys and values.
tag_lists as (
    select tags from tag_texts where substring(trim(tags), 1, 1) = '['
),

object_members as (
    {{ explode_json_object('tag_objects', ['tags'], 'tags') }}
),

listed_pairs as (
    {{ explode_json_array('tag_lists', ['tags'], 'tags', 'pair') }}
),

members as (
    select
        tags,
        member_key,
        member_value
    from object_members
    union all
    select
        tags,
        {{ json_text('pair', 'key') }} as member_key,
        {{ json_text('pair', 'value') }} as member_value
    from listed_pairs
),

-- AWS puts user: before the tags of its users, and in columns of a report resourceTags/ before that; Kubernetes' exporters put label_.
keyed as (
    select
        tags,
        member_key,
        member_value,
        regexp_replace(
            replace(replace(replace(lower(trim(member_key)), '-', '_'), ':', '_'), ' ', '_'), '^(resource_?tags[_/])?(user_|label_)', ''
        ) as tag_key
    from members
),

meanings as (
    select
        keyed.tags,
        tag_keys.meaning,
        trim(keyed.member_value) as member_value,
        row_number() over (
            partition by keyed.tags, tag_keys.meaning
            order by tag_keys.priority, keyed.member_key, keyed.member_value
        ) as place
    from keyed
    inner join tag_keys on tag_keys.tag_key = keyed.tag_key
    -- A tag without a value arrives as true: it names nobody.
    where lower(trim(keyed.member_value)) not in ('', 'true', 'false', 'null')
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
