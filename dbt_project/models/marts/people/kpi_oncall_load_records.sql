{{ placed_kpi_records('int_kpi_oncall_load_records') }}
