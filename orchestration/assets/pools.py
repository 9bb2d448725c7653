"""Who may touch the warehouse: one at a time."""

from __future__ import annotations

# DuckDB lets one process write. Every step that opens the warehouse is in this pool; the instance's limit for
# it is 1 (see instance.py), and with granularity "run" the daemon starts a run only when no other holds it.
WAREHOUSE_POOL = "warehouse"
