with contacts as (
    select * from {{ source('raw_surveys', 'qualtrics_distribution_contacts') }}
),

distributions as (
    select * from {{ source('raw_surveys', 'qualtrics_distributions') }}
),

-- Who is reminded has been asked before, a test asks nobody, and what bounced reached nobody.
invitations as (
    select
        coalesce(contacts.survey_id, distributions.survey_id) as survey_id,
        coalesce(contacts.contact_id, contacts.contact_lookup_id) as contact_key,
        {{ business_date('coalesce(contacts.sent_at, distributions.sent_at)') }} as sent_date
    from contacts
    left join distributions on contacts.distribution_id = distributions.distribution_id
    where
        coalesce(lower(distributions.request_type), 'invite') in ('invite', 'generatedinvite')
        and coalesce(lower(contacts.status), 'sent') not in ('failed', 'hardbounce', 'softbounce', 'blocked')
        and not coalesce(distributions.is_deleted, false)
)

select distinct
    survey_id,
    contact_key,
    sent_date
from invitations
where survey_id is not null and contact_key is not null and sent_date is not null
