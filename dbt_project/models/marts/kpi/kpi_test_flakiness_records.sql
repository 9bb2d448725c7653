{{ placed_kpi_records('int_kpi_test_flakiness_records') }}
