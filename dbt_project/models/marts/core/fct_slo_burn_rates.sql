with

units as (

    select * from {{ ref('int_slo_units') }}

),

days as (

    select * from {{ ref('fct_slo_daily') }}

),

pairs as (

    select * from {{ ref('slo_burn_windows') }}

),

-- An instant to judge at: the end of each interval, and the end of each day whether or not data came until then.
instants as (

    select
        units.slo_id,
        units.unit_date as slo_date,
        units.ended_epoch,
        cast(units.valid_units - units.good_units as decimal(38, 9)) as bad,
        units.valid_units as valid,
        units.unit_seconds,
        false as is_day_end
    from units

    union all

    select
        slo_id,
        slo_date,
        {{ epoch_seconds('day_ended_at') }} as ended_epoch,
        cast(0 as decimal(38, 9)) as bad,
        cast(0 as decimal(38, 9)) as valid,
        cast(0 as bigint) as unit_seconds,
        true as is_day_end
    from days

),

-- An interval longer than a window cannot tell what happened within the window: it is left out of it, and a window
-- without any interval is null.
paired as (

    select
        instants.slo_id,
        instants.slo_date,
        instants.ended_epoch,
        instants.is_day_end,
        pairs.pair_id,
        pairs.long_window_seconds,
        pairs.short_window_seconds,
        case when instants.unit_seconds <= pairs.short_window_seconds then instants.bad else 0 end as short_bad,
        case when instants.unit_seconds <= pairs.short_window_seconds then instants.valid else 0 end as short_valid,
        instants.bad as long_bad,
        instants.valid as long_valid,
        cast(instants.ended_epoch as double) / pairs.long_window_seconds as long_clock,
        cast(instants.ended_epoch as double) / pairs.short_window_seconds as short_clock
    from instants
    inner join pairs
        on instants.unit_seconds <= pairs.long_window_seconds

),

-- The windows' lengths are data: on a clock that counts in window lengths every window is (1 back, now].
windowed as (

    select
        slo_id,
        slo_date,
        ended_epoch,
        is_day_end,
        pair_id,
        {{ sliding_sum('long_bad', 'slo_id, pair_id', 'long_clock') }} as long_bad,
        {{ sliding_sum('long_valid', 'slo_id, pair_id', 'long_clock') }} as long_valid,
        {{ sliding_sum('short_bad', 'slo_id, pair_id', 'short_clock') }} as short_bad,
        {{ sliding_sum('short_valid', 'slo_id, pair_id', 'short_clock') }} as short_valid
    from paired

),

limits as (

    select
        days.slo_id,
        days.slo_date,
        pairs.pair_id,
        pairs.alert,
        pairs.long_window_seconds,
        pairs.short_window_seconds,
        1 - days.objective as error_budget_share,
        cast(cast(pairs.budget_share * days.window_days * 86400 as decimal(38, 9)) as double)
        / pairs.long_window_seconds as burn_factor
    from days
    cross join pairs

),

rated as (

    select
        limits.slo_id,
        limits.slo_date,
        limits.pair_id,
        limits.alert,
        limits.long_window_seconds,
        limits.short_window_seconds,
        limits.burn_factor,
        windowed.ended_epoch,
        windowed.is_day_end,
        cast(windowed.long_bad as double)
        / nullif(cast(windowed.long_valid as double) * cast(limits.error_budget_share as double), 0) as long_burn_rate,
        cast(windowed.short_bad as double)
        / nullif(cast(windowed.short_valid as double) * cast(limits.error_budget_share as double), 0) as short_burn_rate
    from limits
    inner join windowed
        on
            limits.slo_id = windowed.slo_id
            and limits.slo_date = windowed.slo_date
            and limits.pair_id = windowed.pair_id

),

judged as (

    select
        *,
        -- A burn of exactly the factor does not alert, whatever the last bits of the divisions say.
        case
            when long_burn_rate is not null and short_burn_rate is not null
                then least(long_burn_rate, short_burn_rate) > burn_factor * 1.000000001
        end as is_firing
    from rated

),

final as (

    select
        slo_id,
        slo_date,
        pair_id,
        alert,
        long_window_seconds,
        short_window_seconds,
        cast(burn_factor as double) as burn_factor,
        max(case when is_day_end then long_burn_rate end) as long_burn_rate,
        max(case when is_day_end then short_burn_rate end) as short_burn_rate,
        bool_or(case when is_day_end then is_firing end) as is_firing_at_day_end,
        bool_or(is_firing) as has_fired,
        cast(count(case when is_firing and not is_day_end then 1 end) as bigint) as firing_intervals,
        cast(count(case when is_firing is not null and not is_day_end then 1 end) as bigint) as judged_intervals,
        max(long_burn_rate) as highest_long_burn_rate
    from judged
    group by
        slo_id,
        slo_date,
        pair_id,
        alert,
        long_window_seconds,
        short_window_seconds,
        burn_factor

)

select
    slo_id,
    slo_date,
    pair_id,
    alert,
    long_window_seconds,
    short_window_seconds,
    burn_factor,
    long_burn_rate,
    short_burn_rate,
    is_firing_at_day_end,
    has_fired,
    firing_intervals,
    judged_intervals,
    highest_long_burn_rate
from final
