{{ placed_kpi_records('int_kpi_time_to_restore_records') }}
