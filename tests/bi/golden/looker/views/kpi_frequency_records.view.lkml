view: kpi_frequency_records {
  label: "KPI frequency records"
  sql_table_name: @{schema}."kpi_frequency_records" ;;

  dimension: kpi_id {
    label: "KPI ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    hidden: yes
    type: string
    sql: ${TABLE}."kpi_id" ;;
  }

  dimension: record_id {
    label: "Record ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."record_id" ;;
  }

  dimension_group: event {
    label: "Event"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    datatype: date
    convert_tz: no
    sql: ${TABLE}."event_date" ;;
  }

  dimension_group: event_at {
    label: "Event at"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: time
    timeframes: [raw, time, hour, date, week, month, quarter, year]
    datatype: timestamp
    sql: ${TABLE}."event_at" ;;
  }

  dimension: team_id {
    label: "Team ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    hidden: yes
    type: string
    sql: ${TABLE}."team_id" ;;
  }

  dimension: numerator {
    label: "Numerator"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."numerator" ;;
  }

  dimension: denominator {
    label: "Denominator"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."denominator" ;;
  }

  dimension: measured {
    label: "Measured"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."measured" ;;
  }

  dimension: exclusion_reason {
    label: "Exclusion reason"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."exclusion_reason" ;;
  }

  measure: count {
    label: "Rows"
    description: "One row."
    type: count
  }

  measure: frequency {
    label: "Frequency: how \"often\", it's 100% (from records)"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: % (as a number 0 to 1). Formula: a ÷ b. Made anew from the records of the slice, each counted once: sum ÷ sum."
    type: number
    value_format: "0.0%"
    sql: (select cast(sum(record.numerator) as double precision) / nullif(cast(sum(record.denominator) as double precision), 0) from (select max(told.numerator) as numerator, max(told.denominator) as denominator from unnest(array_agg(${TABLE}."record_id") filter (where ${TABLE}."kpi_id" = 'frequency'), array_agg(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'frequency'), array_agg(${TABLE}."denominator") filter (where ${TABLE}."kpi_id" = 'frequency')) as told (record_id, numerator, denominator) group by told.record_id) as record) ;;
  }

  measure: total {
    label: "Total (from records)"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. Made anew from the records of the slice, each counted once."
    type: number
    value_format: "#,##0"
    sql: (select cast(sum(record.numerator) as double precision) from (select max(told.numerator) as numerator from unnest(array_agg(${TABLE}."record_id") filter (where ${TABLE}."kpi_id" = 'total'), array_agg(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'total')) as told (record_id, numerator) group by told.record_id) as record) ;;
  }

  measure: wait {
    label: "Waiting (from records)"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. Made anew from the records of the slice, each counted once; interpolated."
    type: number
    value_format: "#,##0.00"
    sql: (select percentile_cont(0.5) within group (order by record.measured) from (select min(told.measured) as measured from unnest(array_agg(${TABLE}."record_id") filter (where ${TABLE}."kpi_id" = 'wait' and ${TABLE}."exclusion_reason" is null and ${TABLE}."measured" is not null), array_agg(${TABLE}."measured") filter (where ${TABLE}."kpi_id" = 'wait' and ${TABLE}."exclusion_reason" is null and ${TABLE}."measured" is not null)) as told (record_id, measured) group by told.record_id) as record) ;;
  }

  measure: longest {
    label: "Longest (from records)"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. Made anew from the records of the slice."
    type: number
    value_format: "#,##0.00"
    sql: max(${TABLE}."measured") filter (where ${TABLE}."kpi_id" = 'longest' and ${TABLE}."exclusion_reason" is null) ;;
  }

  measure: days {
    label: "Days (from records)"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. Made anew from the records of the slice: days on which there is at least one."
    type: number
    value_format: "#,##0"
    sql: count(distinct ${TABLE}."event_date") filter (where ${TABLE}."kpi_id" = 'days' and ${TABLE}."numerator" > 0) ;;
  }
}
