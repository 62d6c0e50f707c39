"""Pieces of SQL statements, each with the values of its parameters."""

from collections.abc import Sequence
from typing import NamedTuple


class Sql(NamedTuple):
    """A piece of a statement, and the values of the question marks in it."""

    text: str
    values: Sequence[object] = ()


NEVER = Sql("0")
NOTHING = Sql("")


def select(what: str, tables: Sql, conditions: Sequence[Sql], tail: Sql = NOTHING) -> Sql:
    """A SELECT with all of *conditions*, and *tail* after them."""
    where = " AND ".join(condition.text for condition in conditions) or "1"
    parts = (tables, *conditions, tail)
    return Sql(
        f"SELECT {what} FROM {tables.text} WHERE {where} {tail.text}",  # noqa: S608
        [value for part in parts for value in part.values],
    )


def within(before: str, sql: Sql, after: str = ")") -> Sql:
    """*sql* with constant text around it: ``EXISTS (`` ... ``)``."""
    return Sql(f"{before}{sql.text}{after}", sql.values)


def any_of(conditions: Sequence[Sql]) -> Sql:
    """The condition that one of *conditions* is true."""
    text = " OR ".join(condition.text for condition in conditions)
    return Sql(f"({text})", [value for condition in conditions for value in condition.values])


def among(expression: str, values: Sequence[object]) -> Sql:
    """The condition that *expression* is one of *values*."""
    return Sql(f"{expression} IN ({', '.join('?' * len(values))})", values)
