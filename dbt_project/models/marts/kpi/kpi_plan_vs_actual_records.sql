{{ placed_kpi_records('int_kpi_plan_vs_actual_records') }}
