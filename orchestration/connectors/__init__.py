"""How each system is asked: one module a system on the shared http layer, without Dagster and DuckDB.

A pull lands response bodies as received, makes them durable, and only then moves its cursor: what was
asked once can be replayed for ever, and a pull killed in the middle misses nothing.

A connector subclasses ``Puller`` for what its steps share, reads lists by ``paging`` and ``windows``, and
goes on by ``walks`` where a pull was cut off.
"""
