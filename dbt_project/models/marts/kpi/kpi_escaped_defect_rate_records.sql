{{ placed_kpi_records('int_kpi_escaped_defect_rate_records') }}
