"""What the user's SQL may be.

Each of these checks alone was got round; together with the locked-down connection and its READ ONLY transaction they
hold.
The statement is read as DuckDB's own parser reads it (`json_serialize_sql`), and everything in its tree that is not
known to be harmless is refused. So a new kind of node in a later DuckDB is refused until someone has looked at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import duckdb

from ..errors import QueryRefused
from .db import Cursor

VIEWS = ("history",)
"""The documented views."""

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row"})
"""Functions that may stand after FROM: they read nothing but their arguments."""

_QUERY_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_NODES = frozenset({"SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "PIVOT", "COLUMN_DATA"})
_MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"})

_SCALARS_REFUSED = re.compile(
    r"getvariable|current_setting|getenv|nextval|currval|setval|setseed|write_log|sleep_ms|pg_sleep|in_search_path"
    r"|json_serialize_(sql|plan)|json_deserialize_sql|json_execute_.*|parse_duckdb_log_message|invoke"
    r"|current_(query|connection_id|query_id|transaction_id|schemas)"
    r"|txid_current|get_block_size|(pg|has|inet|shobj|col|obj)_.+|__internal_.*|read_.*|query.*|duckdb_.*|pragma_.*"
)
"""Scalar functions and macros that read state, change it, wait, or run SQL. None reads rows; some read the catalog."""

_EXPLAIN = re.compile(r"\s*explain\s+(?:\(\s*format\s+\w+\s*\)\s*)?", re.IGNORECASE)
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)


def check_statement(cursor: Cursor, sql: str) -> duckdb.Statement:
    """Returns the one statement of this SQL, ready to be executed.

    Args:
        cursor: Any cursor; nothing of the SQL is run.
        sql: The user's text.

    Raises:
        QueryRefused: It is not one SELECT over the documented views.
        duckdb.ParserException: It is no SQL.
    """
    statement = _only_statement(cursor, sql)
    selected = sql
    if statement.type == duckdb.StatementType.EXPLAIN:
        bare = _COMMENTS.sub("", sql)
        selected = _EXPLAIN.sub("", bare, count=1)
        inner = _only_statement(cursor, selected)
        if inner.type != duckdb.StatementType.SELECT:
            raise _refused(f"EXPLAIN {_type_name(inner)} is not allowed")
    elif statement.type != duckdb.StatementType.SELECT:
        name = _type_name(statement)
        if name == "MULTI":
            raise QueryRefused(
                "PIVOT is not available here.",
                next_step="Use sum(…) FILTER (WHERE …) for each column, or pivot the DataFrame: df.pivot_table(…).",
            )
        raise _refused(f"{name} is not allowed")
    row = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [selected]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        raise _refused(f"This statement cannot be checked ({tree.get('error_message', 'no reason given')})")
    if len(tree["statements"]) != 1:
        raise _refused("Only one statement at a time is allowed")
    _Walk().statement(tree["statements"][0], frozenset())
    return statement


def _only_statement(cursor: Cursor, sql: str) -> duckdb.Statement:
    try:
        statements = cursor.extract_statements(sql)
    except ValueError as error:  # e.g. CONNECT
        raise _refused("This statement is not allowed") from error
    if len(statements) != 1:
        raise _refused("There is no statement" if not statements else "Only one statement at a time is allowed")
    return statements[0]


def _type_name(statement: duckdb.Statement) -> str:
    return str(statement.type).rpartition(".")[2]


def _refused(what: str) -> QueryRefused:
    return QueryRefused(f"{what}.", next_step=f"One SELECT over {', '.join(VIEWS)} can be run here.")


class _Walk:
    """Goes through a parsed SELECT with the CTE names that are visible at each place."""

    def statement(self, statement: dict[str, Any], names: frozenset[str]) -> None:
        self.query(statement["node"], names)

    def query(self, node: dict[str, Any], names: frozenset[str]) -> None:
        """A query node: its CTEs one after the other, each seeing those before it, then the rest seeing all."""
        if node["type"] not in _QUERY_NODES:
            raise _refused(f"{node['type'].removesuffix('_NODE').replace('_', ' ')} is not allowed")
        for entry in node.get("cte_map", {}).get("map", []):
            names = self.cte(entry["key"], entry["value"], names)
        own = str(node.get("cte_name", "")).lower()
        if node["type"] == "RECURSIVE_CTE_NODE" and own:
            names |= {own}
        if node["type"] == "CTE_NODE":
            self.anything(node.get("query"), names)
            names |= {own}
        self.children(node, names, skip=("cte_map", "query") if node["type"] == "CTE_NODE" else ("cte_map",))

    def cte(self, name: str, value: dict[str, Any], names: frozenset[str]) -> frozenset[str]:
        """One CTE. Its own body does not see its name: `WITH tasks AS (SELECT * FROM tasks)` means the table."""
        self.children(value, names, skip=())
        return names | {name.lower()}

    def anything(self, value: Any, names: frozenset[str]) -> None:
        if isinstance(value, list):
            for item in value:
                self.anything(item, names)
        elif isinstance(value, dict):
            self.thing(value, names)

    def thing(self, node: dict[str, Any], names: frozenset[str]) -> None:
        kind = node.get("type")
        if "class" in node:
            if node["class"] in ("FUNCTION", "WINDOW") and "function_name" in node:
                self.scalar(node)
            self.children(node, names, skip=())
        elif not isinstance(kind, str) or kind in _MODIFIERS or kind in _TABLE_NODES:
            self.children(node, names, skip=())
        elif kind.endswith("_NODE"):
            self.query(node, names)
        elif kind == "BASE_TABLE":
            self.table(node, names)
        elif kind == "TABLE_FUNCTION":
            self.table_function(node, names)
        elif kind == "SHOW_REF" and node.get("query"):
            self.query(node["query"], names)
        elif kind == "SHOW_REF":
            raise _refused("SHOW is not allowed; DESCRIBE history is")
        elif "query_location" in node:
            raise _refused(f"{kind} is not allowed")
        else:
            self.children(node, names, skip=())

    def children(self, node: dict[str, Any], names: frozenset[str], *, skip: Iterable[str]) -> None:
        for key, value in node.items():
            if key not in skip:
                self.anything(value, names)

    def table(self, node: dict[str, Any], names: frozenset[str]) -> None:
        name = node["table_name"].lower()
        schema, catalog = node.get("schema_name", "").lower(), node.get("catalog_name", "").lower()
        qualified = bool(schema or catalog)
        if not qualified and name in names:
            return
        if name not in VIEWS or schema not in ("", "main") or catalog:
            full = ".".join(part for part in (catalog, schema, node["table_name"]) if part)
            raise QueryRefused(f"There is no view {full!r} here.", next_step=f"There is: {', '.join(VIEWS)}.")
        self.children(node, names, skip=())

    def table_function(self, node: dict[str, Any], names: frozenset[str]) -> None:
        function = node["function"]
        name = function["function_name"].lower()
        if name not in TABLE_FUNCTIONS:
            raise _refused(f"{name}() cannot be read from here")
        for argument in function.get("arguments", []):
            self.anything(argument, names)

    def scalar(self, node: dict[str, Any]) -> None:
        name = node["function_name"].lower()
        if _SCALARS_REFUSED.fullmatch(name):
            raise _refused(f"The function {name}() is not available here")
