"""How each system is asked: one module a system on the shared http layer, without Dagster and DuckDB.

A pull lands response bodies as received, makes them durable, and only then moves its cursor: what was
asked once can be replayed for ever, and a pull killed in the middle misses nothing.
"""
