"""An analyst's loop: opens the file, reads two tables and what the file says of itself, closes, again.

Prints the generation it found; ends with 1 at a file that cannot be opened or does not fit together.
"""

import select
import sys

import duckdb

path = sys.argv[1]
generation = 0
print("reading", flush=True)
stopping = False
while not stopping:
    stopping = bool(select.select([sys.stdin], [], [], 0)[0])  # one more look after the last publication
    with duckdb.connect(path, read_only=True) as con:
        members = con.execute("select distinct members from dim_team").fetchall()
        (days,) = con.execute("select count(*) from fct_costs").fetchone()
        (stated,) = con.execute(
            "select row_count from meta_publication where table_name = 'fct_costs'"
        ).fetchone()
    if days != stated or (days != 1000 and members != [(days,)]):
        sys.exit(f"half a publication: {members}, {days} rows, {stated} stated")
    if days != 1000 and days != generation:
        generation = days
        print(generation, flush=True)
