view: mart_costs {
  label: "Costs"
  sql_table_name: @{schema}."mart_costs" ;;

  dimension: currency {
    label: "Currency"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."currency" ;;
  }

  dimension: cost_view {
    label: "Cost view"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: string
    sql: ${TABLE}."cost_view" ;;
  }

  dimension: cost {
    label: "Cost"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    value_format: "#,##0.00"
    sql: ${TABLE}."cost" ;;
  }

  dimension: charge_rows {
    label: "Charge rows"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    sql: ${TABLE}."charge_rows" ;;
  }

  dimension: tax_share {
    label: "Tax share"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: number
    value_format: "0.00%"
    sql: ${TABLE}."tax_share" ;;
  }

  measure: count {
    label: "Rows"
    description: "One row."
    type: count
  }

  measure: sum_of_cost {
    label: "Sum of cost"
    group_label: "Sums"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀. Summed up; empty over more than one currency or cost view, as these do not add up."
    type: number
    value_format: "#,##0.00"
    sql: case when min(${TABLE}."currency") = max(${TABLE}."currency") and min(${TABLE}."cost_view") = max(${TABLE}."cost_view") and count(${TABLE}."cost_view") = count(*) then sum(${TABLE}."cost") end ;;
  }

  measure: sum_of_charge_rows {
    label: "Sum of charge rows"
    group_label: "Sums"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀. Summed up."
    type: number
    value_format: "#,##0"
    sql: sum(${TABLE}."charge_rows") ;;
  }
}
