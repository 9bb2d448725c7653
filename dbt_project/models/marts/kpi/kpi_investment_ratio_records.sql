{{ placed_kpi_records('int_kpi_investment_ratio_records') }}
