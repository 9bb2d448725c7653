view: dim_date {
  label: "Date"
  sql_table_name: @{schema}."dim_date" ;;

  dimension: row_key {
    primary_key: yes
    hidden: yes
    type: string
    sql: concat_ws('|', ${TABLE}."date_day") ;;
  }

  dimension_group: date_day {
    label: "Date day"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: time
    timeframes: [raw, date, week, month, quarter, year]
    datatype: date
    convert_tz: no
    sql: ${TABLE}."date_day" ;;
  }

  dimension: iso_week {
    label: "ISO week"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."iso_week" ;;
  }

  measure: count {
    label: "Rows"
    description: "One row."
    type: count
  }
}
