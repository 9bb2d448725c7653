view: dim_team {
  label: "Team"
  sql_table_name: @{schema}."dim_team" ;;

  dimension: team_id {
    label: "Team ID"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    primary_key: yes
    type: string
    sql: ${TABLE}."team_id" ;;
  }

  dimension: is_active {
    label: "Is active"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: yesno
    sql: ${TABLE}."is_active" ;;
  }

  measure: count {
    label: "Rows"
    description: "Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
    type: count
  }
}
