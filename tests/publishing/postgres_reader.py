"""An analyst's loop: one query over two tables, again and again, ``parsed`` each time or ``prepared`` once.

Prints each generation it found; ends with 1 at an answer that mixes two, and at any error.
"""

import os
import select
import sys

import psycopg

# Between the names of the two tables so much to parse that a swap is bound to fall there now and then.
BETWEEN = ", ".join(["0"] * 20_000)
QUERY = f"""
    select
        (select count(*) from marts.fct_costs) as days,
        cardinality(array[{BETWEEN}]) as zeros,
        (select min(members) from marts.dim_team) as least,
        (select max(members) from marts.dim_team) as most
"""
generation = 0
stopping = False
con = psycopg.connect(
    os.environ["READER_DSN"], autocommit=True, prepare_threshold=0 if sys.argv[1] == "prepared" else None
)
print("reading", flush=True)
while not stopping:
    stopping = bool(select.select([sys.stdin], [], [], 0)[0])  # one more look after the last publication
    days, _, least, most = con.execute(QUERY).fetchone()
    if not days == least == most:
        print(f"half a publication: {days} days, {least} to {most} members")
        sys.exit(1)
    if days != generation:
        generation = days
        print(generation, flush=True)
