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
answered = [(question, len(con.execute(query).fetchall())) for question, query in queries]
empty = [question for question, rows in answered if rows == 0]
unread = [
    table
    for (table,) in con.execute("select answer from marts.readme where topic = 'table'").fetchall()
    if con.execute(f"select count(*) from (select * from {table})").fetchone() is None
]
undescribed = con.execute(
    "select table_name from duckdb_tables() where comment is null union all "
    "select table_name || '.' || column_name from duckdb_columns() where not internal and comment is null"
).fetchall()
print(f"DuckDB {duckdb.__version__}: {len(queries)} worked queries, rows {[rows for _, rows in answered]}")
# The last of them asks for restated figures, of which a first publication has none.
if len(queries) < 5 or len(empty) > 1 or unread or undescribed:
    sys.exit(f"{path}: no answer to {empty}, no reading of {unread}, no description of {undescribed}")
