{{ placed_kpi_records('int_kpi_change_failure_rate_records') }}
