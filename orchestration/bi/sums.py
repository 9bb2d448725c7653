"""Columns that add up, as measures.

A column is one only if its contract says so (``adds_up_within``), and then only over rows that it adds up
over: costs of two currencies have no sum.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.bi.labels import label_of, title_of
from orchestration.bi.registry import Table
from orchestration.publishing.marts import MartColumn

FOLDER = "Sums"


@dataclass(frozen=True)
class ColumnSum:
    """The sum of one column over rows that have one value in each of the columns ``within``."""

    table: Table
    column: MartColumn
    within: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name that no column of the mart has."""
        return f"sum_of_{self.column.name}"

    @property
    def label(self) -> str:
        return label_of(self.name)

    @property
    def full_label(self) -> str:
        """A name that no other mart's measure has."""
        return f"{self.label} ({title_of(self.table)})"

    @property
    def description(self) -> str:
        """What is added up, and over what it is not."""
        what = f"{self.column.description.strip().rstrip('.')}. Summed up"
        if not self.within:
            return f"{what}."
        mixed = " or ".join(label_of(name).lower() for name in self.within)
        return f"{what}; empty over more than one {mixed}, as these do not add up."

    def may_lack(self, name: str) -> bool:
        """Whether rows may have no value in one of ``within``: such rows belong to no common one."""
        return name not in self.table.required


def sums_of(table: Table) -> tuple[ColumnSum, ...]:
    """The sums of one mart, in the order of its columns."""
    return tuple(
        ColumnSum(table, column, table.additive[column.name])
        for column in table.columns
        if column.name in table.additive
    )
