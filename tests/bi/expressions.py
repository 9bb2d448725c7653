"""DAX and Tableau formulas as PostgreSQL's SQL over the alias ``t``, translated node by node.

Of each language as much as the generators write; anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Resolve = Callable[[str], str]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)|(?P<table>'(?:[^']|'')*')"""
    r"""|(?P<field>\[[^\]]+\])|(?P<word>[A-Za-z][\w.]*)|(?P<sign>&&|<>|[=>/(),{}:]))"""
)


@dataclass(frozen=True)
class Call:
    """A function, an operator or a literal with what it is applied to."""

    name: str
    parts: tuple[Call | str, ...]

    def part(self, place: int) -> Call:
        part = self.parts[place]
        assert isinstance(part, Call), part
        return part

    def text(self, place: int = 0) -> str:
        part = self.parts[place]
        assert isinstance(part, str), part
        return part


class Reader:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(formula):
            found = _TOKEN.match(formula, place)
            assert found is not None, formula[place:]
            assert found.lastgroup is not None
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> tuple[str, str]:
        token = self.tokens[self.place]
        assert not expected or token[1] == expected, (expected, token, self.tokens)
        self.place += 1
        return token

    def read(self) -> Call:
        found = self.conjunction()
        assert self.place == len(self.tokens), self.tokens[self.place :]
        return found

    def conjunction(self) -> Call:
        parts = [self.comparison()]
        while self.peek() in ("&&", "AND"):
            self.take()
            parts.append(self.comparison())
        return parts[0] if len(parts) == 1 else Call("AND", tuple(parts))

    def comparison(self) -> Call:
        left = self.quotient()
        if self.peek() in ("=", "<>", ">"):
            return Call(self.take()[1], (left, self.quotient()))
        return left

    def quotient(self) -> Call:
        left = self.atom()
        while self.peek() == "/":
            self.take()
            left = Call("/", (left, self.atom()))
        return left

    def atom(self) -> Call:
        kind, text = self.take()
        if text == "IF" and self.peek() != "(":
            condition = self.conjunction()
            self.take("THEN")
            value = self.conjunction()
            self.take("END")
            return Call("IF", (condition, value))
        if text == "{":
            self.take("INCLUDE")
            key = self.take()[1]
            self.take(":")
            value = self.conjunction()
            self.take("}")
            return Call("INCLUDE", (Call("field", (key[1:-1],)), value))
        if kind == "table" and self.peek().startswith("["):
            return Call("field", (self.take()[1][1:-1],))
        if kind == "field":
            return Call("reference", (text[1:-1],))
        if kind != "word":
            return Call(kind, (text[1:-1] if kind in ("text", "table") else text,))
        self.take("(")
        parts = [self.conjunction()]
        while self.peek() == ",":
            self.take()
            parts.append(self.conjunction())
        self.take(")")
        return Call(text, tuple(parts))


def over_records(
    aggregate: Callable[[str], str], key: str, of_rows: str, value: str, condition: str = "true"
) -> str:
    """SQL: ``aggregate`` over the greatest or least (``of_rows``) ``value`` of each ``key`` of a group."""
    assert of_rows in ("MAX", "MIN")
    arrays = ", ".join(f"array_agg({name}) filter (where {condition})" for name in (key, value))
    return (
        f"(select {aggregate('record.v')} from (select {of_rows.lower()}(told.v) as v from unnest({arrays}) "
        "as told (k, v) group by told.k) as record)"
    )


def percentile(share: str) -> Callable[[str], str]:
    return lambda value: f"percentile_cont({share}) within group (order by {value})"


def divide(numerator: str, denominator: str) -> str:
    return f"cast({numerator} as double precision) / nullif(cast({denominator} as double precision), 0)"


def translate_dax(formula: str, measures: Mapping[str, str]) -> str:
    """SQL of a DAX measure; ``measures`` are the formulas that it may refer to by name."""

    def row(call: Call) -> str:
        match call.name:
            case "field":
                return f't."{call.text()}"'
            case "text":
                return "'" + call.text() + "'"
            case "number":
                return call.text()
            case "=" | ">":
                return f"{row(call.part(0))} {call.name} {row(call.part(1))}"
            case "ISBLANK":
                return f"({row(call.part(0))} is null)"
            case "NOT":
                return f"not {row(call.part(0))}"
        raise AssertionError(call)

    def group(call: Call, conditions: Sequence[str]) -> str:
        where = f"filter (where {' and '.join(conditions) or 'true'})"
        match call.name:
            case "AND":
                return " and ".join(f"({group(call.part(i), conditions)})" for i in range(len(call.parts)))
            case "=":
                return f"{group(call.part(0), conditions)} = {group(call.part(1), conditions)}"
            case "number":
                return call.text()
            case "reference":
                return f"({group(Reader(measures[call.text()]).read(), conditions)})"
            case "IF":
                return (
                    f"case when {group(call.part(0), conditions)} then {group(call.part(1), conditions)} end"
                )
            case "DIVIDE":
                return divide(group(call.part(0), conditions), group(call.part(1), conditions))
            case "CALCULATE":
                assert all(call.part(i).name == "KEEPFILTERS" for i in range(1, len(call.parts)))
                added = [row(call.part(i).part(0)) for i in range(1, len(call.parts))]
                return group(call.part(0), [*conditions, *added])
            case "HASONEVALUE":
                return f"count(distinct {row(call.part(0))}) {where} = 1"
            case "COUNT" | "SUM" | "MAX":
                return f"{call.name.lower()}({row(call.part(0))}) {where}"
            case "DISTINCTCOUNT":
                return f"count(distinct {row(call.part(0))}) {where}"
            case "COUNTROWS":
                assert call.part(0).name == "table"
                return f"count(*) {where}"
            case "SUMX" | "PERCENTILEX.INC":
                values, inner = call.part(0), call.part(1)
                assert (values.name, inner.name, len(inner.parts)) == ("VALUES", "CALCULATE", 1)
                by_name = {"SUMX": lambda value: f"sum({value})"}
                aggregate = by_name.get(call.name) or percentile(call.part(2).text())
                key, of_rows, value = row(values.part(0)), inner.part(0).name, row(inner.part(0).part(0))
                return over_records(aggregate, key, of_rows, value, " and ".join(conditions) or "true")
        raise AssertionError(call)

    return group(Reader(formula).read(), [])


def translate_tableau(formula: str, columns: Mapping[str, str], calculations: Mapping[str, str]) -> str:
    """SQL of a calculated field; ``columns`` are by local name, ``calculations`` formulas by name."""

    def sql(call: Call) -> str:
        match call.name:
            case "reference" if call.text() in calculations:
                return f"({sql(Reader(calculations[call.text()]).read())})"
            case "reference" | "field":
                return f't."{columns[call.text()]}"'
            case "text":
                return "'" + call.text() + "'"
            case "number":
                return call.text()
            case "AND":
                return "(" + " and ".join(f"({sql(call.part(i))})" for i in range(len(call.parts))) + ")"
            case "=" | ">" | "<>":
                return f"{sql(call.part(0))} {call.name} {sql(call.part(1))}"
            case "/":
                return divide(sql(call.part(0)), sql(call.part(1)))
            case "IF":
                return f"case when {sql(call.part(0))} then {sql(call.part(1))} end"
            case "ISNULL":
                return f"({sql(call.part(0))} is null)"
            case "SUM" | "COUNT" | "MIN" | "MAX" | "COUNTD" | "PERCENTILE":
                simple = {"COUNTD": lambda value: f"count(distinct {value})"}
                if call.name == "PERCENTILE":
                    aggregate = percentile(call.part(1).text())
                else:
                    aggregate = simple.get(call.name, lambda value: f"{call.name.lower()}({value})")
                inner = call.part(0)
                if inner.name != "INCLUDE":
                    return aggregate(sql(inner))
                each = inner.part(1)
                return over_records(aggregate, sql(inner.part(0)), each.name, sql(each.part(0)))
        raise AssertionError(call)

    return sql(Reader(formula).read())
