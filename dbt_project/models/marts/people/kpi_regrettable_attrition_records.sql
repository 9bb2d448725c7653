{{ placed_kpi_records('int_kpi_regrettable_attrition_records') }}
