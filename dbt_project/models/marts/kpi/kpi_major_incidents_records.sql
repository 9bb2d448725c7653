{{ placed_kpi_records('int_kpi_major_incidents_records') }}
