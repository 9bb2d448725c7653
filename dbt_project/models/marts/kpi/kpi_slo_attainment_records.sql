{{ placed_kpi_records('int_kpi_slo_attainment_records') }}
