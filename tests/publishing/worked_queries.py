"""Opens a published file with whatever DuckDB is installed and asks it all that its table readme suggests.

Run by itself, in an environment with nothing but DuckDB: ``worked_queries.py FILE``.
"""

import sys

import duckdb

path = sys.argv[1]
con = duckdb.connect(path, read_only=True)
queries = con.execute(
    "select question, answer from marts.readme where topic = 'query' order by position"
).fetchall()
answered = [(question, query, len(con.execute(query).fetchall())) for question, query in queries]
# Nothing is restated, and nothing stands under an earlier definition, in a first publication.
HISTORY = ("fct_kpi_value_history", "fct_kpi_restatement")
empty = [
    question for question, query, rows in answered if rows == 0 and not any(name in query for name in HISTORY)
]
unread = [
    table
    for (table,) in con.execute("select answer from marts.readme where topic = 'table'").fetchall()
    if con.execute(f"select count(*) from (select * from {table})").fetchone() is None
]
undescribed = con.execute(
    "select table_name from duckdb_tables() where comment is null union all "
    "select table_name || '.' || column_name from duckdb_columns() where not internal and comment is null"
).fetchall()
print(f"DuckDB {duckdb.__version__}: {len(queries)} worked queries, rows {[rows for *_, rows in answered]}")
if len(queries) < 5 or empty or unread or undescribed:
    sys.exit(f"{path}: no answer to {empty}, no reading of {unread}, no description of {undescribed}")
