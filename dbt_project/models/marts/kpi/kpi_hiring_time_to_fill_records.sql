{{ placed_kpi_records('int_kpi_hiring_time_to_fill_records') }}
