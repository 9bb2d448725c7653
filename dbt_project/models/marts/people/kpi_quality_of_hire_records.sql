{{ placed_kpi_records('int_kpi_quality_of_hire_records') }}
