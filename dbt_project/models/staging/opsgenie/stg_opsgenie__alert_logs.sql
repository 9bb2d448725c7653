-- Who looks at an alert or acts on it on a telephone is not called by it.
select
    alert_id,
    log_type,
    replace(log_word, '-', '') as log_word,
    case
        when
            log_type = 'alertrecipient'
            and notification_failure is null
            and coalesce(log_word, 'created') in ('created', 'priority')
            then
                case
                    when notification_channel in ('email', 'e-mail') then 'email'
                    when notification_channel in ('voice', 'call') then 'phone'
                    when notification_channel in ('push', 'mobile', 'ios', 'android') then 'push'
                    else notification_channel
                end
    end as notification_channel,
    log_word is not null or notification_channel is not null as is_understood,
    user_id,
    user_sign is not null as is_person,
    created_at
from {{ source('raw_opsgenie', 'alert_logs') }}
