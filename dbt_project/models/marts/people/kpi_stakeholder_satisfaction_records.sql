{{ placed_kpi_records('int_kpi_stakeholder_satisfaction_records') }}
