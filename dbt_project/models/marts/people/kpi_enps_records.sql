{{ placed_kpi_records('int_kpi_enps_records') }}
