{{ placed_kpi_records('int_kpi_throughput_records') }}
