view: fct_kpi_values {
  label: "KPI values"
  sql_table_name: @{schema}."fct_kpi_values" ;;

  dimension: row_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: concat_ws('|', ${TABLE}."kpi_id", ${TABLE}."period_grain", ${TABLE}."period_start", ${TABLE}."segment_type", ${TABLE}."segment_id") ;;
  }

  dimension: kpi_id {
    label: "KPI ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    hidden: yes
    type: string
    sql: ${TABLE}."kpi_id" ;;
  }

  dimension: period_grain {
    label: "Period grain"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."period_grain" ;;
  }

  dimension_group: period_start {
    label: "Period start"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    datatype: date
    convert_tz: no
    sql: ${TABLE}."period_start" ;;
  }

  dimension_group: period_end {
    label: "Period end"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    datatype: date
    convert_tz: no
    sql: ${TABLE}."period_end" ;;
  }

  dimension: segment_type {
    label: "Segment type"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."segment_type" ;;
  }

  dimension: segment_id {
    label: "Segment ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."segment_id" ;;
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

  dimension: value {
    label: "Value"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."value" ;;
  }

  measure: count {
    label: "Rows"
    description: "One row."
    type: count
  }

  # Cells of other grains or segments share records: measures are empty where such would be added up.
  measure: one_segment {
    hidden: yes
    type: yesno
    sql: min(${TABLE}."period_grain") = max(${TABLE}."period_grain") and min(${TABLE}."segment_type") = max(${TABLE}."segment_type") and min(${TABLE}."segment_id") = max(${TABLE}."segment_id") ;;
  }

  measure: frequency {
    label: "Frequency: how \"often\", it's 100%"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: % (as a number 0 to 1). Formula: a ÷ b. Over several periods of one segment: sum ÷ sum. Empty over several segments or grains, as these share records, and where a figure is suppressed."
    type: number
    value_format: "0.0%"
    sql: case when (${one_segment}) and count(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'frequency') = count(*) filter (where ${TABLE}."kpi_id" = 'frequency') then cast(sum(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'frequency') as double precision) / nullif(cast(sum(${TABLE}."denominator") filter (where ${TABLE}."kpi_id" = 'frequency') as double precision), 0) end ;;
  }

  measure: total {
    label: "Total"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. Over several periods of one segment: their sum. Empty over several segments or grains, as these share records, and where a figure is suppressed."
    type: number
    value_format: "#,##0"
    sql: case when (${one_segment}) and count(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'total') = count(*) filter (where ${TABLE}."kpi_id" = 'total') then cast(sum(${TABLE}."numerator") filter (where ${TABLE}."kpi_id" = 'total') as double precision) end ;;
  }

  measure: wait {
    label: "Waiting"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. The published value of one segment in one period; empty over more than one, because it cannot be made from the values of parts."
    type: number
    value_format: "#,##0.00"
    sql: case when count(*) filter (where ${TABLE}."kpi_id" = 'wait') = 1 then max(${TABLE}."value") filter (where ${TABLE}."kpi_id" = 'wait') end ;;
  }

  measure: longest {
    label: "Longest"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. The published value of one segment in one period; empty over more than one, because it cannot be made from the values of parts."
    type: number
    value_format: "#,##0.00"
    sql: case when count(*) filter (where ${TABLE}."kpi_id" = 'longest') = 1 then max(${TABLE}."value") filter (where ${TABLE}."kpi_id" = 'longest') end ;;
  }

  measure: days {
    label: "Days"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. The published value of one segment in one period; empty over more than one, because it cannot be made from the values of parts."
    type: number
    value_format: "#,##0"
    sql: case when count(*) filter (where ${TABLE}."kpi_id" = 'days') = 1 then max(${TABLE}."value") filter (where ${TABLE}."kpi_id" = 'days') end ;;
  }

  measure: open {
    label: "Open"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. The published value of one segment in one period; empty over more than one, because it cannot be made from the values of parts."
    type: number
    value_format: "#,##0"
    sql: case when count(*) filter (where ${TABLE}."kpi_id" = 'open') = 1 then max(${TABLE}."value") filter (where ${TABLE}."kpi_id" = 'open') end ;;
  }

  measure: year {
    label: "Year"
    group_label: "Frequency: how \"often\", it's 100%"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀 Unit: days. Formula: a ÷ b. The published value of one segment in one period; empty over more than one, because it cannot be made from the values of parts."
    type: number
    value_format: "#,##0.00"
    sql: case when count(*) filter (where ${TABLE}."kpi_id" = 'year') = 1 then max(${TABLE}."value") filter (where ${TABLE}."kpi_id" = 'year') end ;;
  }
}
