"""Many rows as one parameter: a JSON array of arrays, which both databases read as a table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, column, func
from sqlalchemy.dialects.postgresql import JSONB


def json_cells(sqlite: bool, *kinds: Any) -> list[ColumnElement[Any]]:
    """The columns, of these types, of the table that the parameter `:rows` holds."""
    parameter = bindparam("rows", type_=Text())
    if sqlite:
        rows = func.json_each(parameter).table_valued("value", name="v")
        return [func.json_extract(rows.c.value, f"$[{n}]") for n in range(len(kinds))]
    elements = func.jsonb_array_elements(cast(parameter, JSONB))
    rows = elements.table_valued(column("value", JSONB)).render_derived(name="v")
    return [cast(rows.c.value.op("->>")(n), kind) for n, kind in enumerate(kinds)]
