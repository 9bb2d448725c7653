connection: "@{connection}"
label: "Acme"
week_start_day: monday

include: "/views/*.view.lkml"

# Results are kept until the next publication, which changes everything at once.
datagroup: publication {
  sql_trigger: select max(published_at) from @{schema}.meta_publication ;;
  max_cache_age: "24 hours"
}

persist_with: publication

explore: dim_date {
  label: "Date"
  group_label: "Dimensions"
  description: "One row."
}

explore: dim_kpi {
  label: "KPI"
  group_label: "Dimensions"
  description: "What is it? One row."
}

explore: dim_team {
  label: "Team"
  group_label: "Dimensions"
  description: "Which teams? Say \"yes\" or 'no'; if a < b && c > d: C:\\new \\\" { { liquid }} { % if %} $ {x} @ {y} #(lf) ```]] — 東京 🚀"
}

explore: fct_kpi_values {
  label: "KPI values"
  group_label: "Facts"
  description: "How \"much\"? One row."
  always_filter: {
    filters: [fct_kpi_values.period_grain: "month", fct_kpi_values.segment_type: "org"]
  }

  join: dim_date {
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_kpi_values.period_start_raw} = ${dim_date.date_day_raw} ;;
  }

  join: dim_kpi {
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_kpi_values.kpi_id} = ${dim_kpi.kpi_id} ;;
  }

  join: segment_team {
    from: dim_team
    view_label: "Segment: team"
    type: left_outer
    relationship: many_to_one
    sql_on: ${fct_kpi_values.segment_type} = 'team' and ${fct_kpi_values.segment_id} = ${segment_team.team_id} ;;
  }
}

explore: mart_costs {
  label: "Costs"
  group_label: "Ready-made views"
  description: "One row."
}

explore: kpi_frequency_records {
  label: "KPI frequency records"
  group_label: "KPI records"
  description: "One row."

  join: dim_date {
    type: left_outer
    relationship: many_to_one
    sql_on: ${kpi_frequency_records.event_raw} = ${dim_date.date_day_raw} ;;
  }

  join: dim_kpi {
    type: left_outer
    relationship: many_to_one
    sql_on: ${kpi_frequency_records.kpi_id} = ${dim_kpi.kpi_id} ;;
  }

  join: dim_team {
    type: left_outer
    relationship: many_to_one
    sql_on: ${kpi_frequency_records.team_id} = ${dim_team.team_id} ;;
  }
}
