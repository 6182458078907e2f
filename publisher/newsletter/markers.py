"""Markers, such as @@UNSUBSCRIBE@@, stand where readers differ; only templates set them."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

_marker = re.compile(r"@@(?=[A-Z_-]+@@)")
Value = TypeVar("Value")


def without_markers(value: Value) -> Value:
    """The same, with every marker in its texts broken.

    An article that holds one would get a reader's own link or address filled in, and could send
    it anywhere as part of a link of its own.
    """
    found: Any = value
    if isinstance(value, str):
        # A word joiner: nobody sees it, and unlike an entity it is not put back by a parser.
        found = type(value)(_marker.sub("@\u2060@", value)) if "@@" in value else value
    elif isinstance(value, tuple):
        found = tuple(without_markers(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        texts = {one.name: getattr(value, one.name) for one in fields(value)}
        found = replace(value, **{name: without_markers(text) for name, text in texts.items()})
    return found  # type: ignore[no-any-return]
