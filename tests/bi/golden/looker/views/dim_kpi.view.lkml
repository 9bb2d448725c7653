view: dim_kpi {
  label: "KPI"
  sql_table_name: @{schema}."dim_kpi" ;;

  dimension: kpi_id {
    label: "KPI ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    primary_key: yes
    type: string
    sql: ${TABLE}."kpi_id" ;;
  }

  measure: count {
    label: "Rows"
    description: "One row."
    type: count
  }
}
