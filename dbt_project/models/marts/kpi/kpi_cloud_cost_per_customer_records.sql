{{ placed_kpi_records('int_kpi_cloud_cost_per_customer_records') }}
