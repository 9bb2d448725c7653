{{ placed_kpi_records('int_kpi_pipeline_success_rate_records') }}
