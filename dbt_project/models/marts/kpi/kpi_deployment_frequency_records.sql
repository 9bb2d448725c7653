{{ placed_kpi_records('int_kpi_deployment_frequency_records') }}
