{{ placed_kpi_records('int_kpi_lead_time_for_changes_records') }}
