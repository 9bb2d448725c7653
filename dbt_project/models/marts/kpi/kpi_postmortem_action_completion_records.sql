{{ placed_kpi_records('int_kpi_postmortem_action_completion_records') }}
