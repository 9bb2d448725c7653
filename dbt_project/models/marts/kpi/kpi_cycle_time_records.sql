{{ placed_kpi_records('int_kpi_cycle_time_records') }}
