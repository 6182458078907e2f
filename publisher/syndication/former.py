"""Where feeds lead that have moved, for whatever serves the folder: ours, nginx or Caddy. Pure.

A feed whose category was renamed answers 301 at its old address, its archive documents too;
that of a removed category answers 410 (RFC 9110, 15.4.2 and 15.5.11).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

# Hidden, since they are for servers and not for readers.
OURS = ".former.json"
NGINX = ".former.nginx"
CADDY = ".former.caddy"
Former = Mapping[str, str | None]
_plain = re.compile(r"[\w/-]+")


def former_lists(former: Former) -> dict[str, bytes]:
    """The three lists by file name; `former` maps the path of a category to the one it has now,
    None if it is gone."""
    safe = {old: new for old, new in sorted(former.items()) if _plain.fullmatch(old + (new or ""))}
    return {
        OURS: json.dumps(safe, ensure_ascii=False, indent=0, sort_keys=True).encode() + b"\n",
        NGINX: "".join(_nginx(old, new) for old, new in safe.items()).encode(),
        CADDY: "".join(_caddy(old, new) for old, new in safe.items()).encode(),
    }


def read_former(data: bytes) -> dict[str, str | None]:
    """What `former_lists` wrote for ourselves. Raises ValueError."""
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("not a table of former paths")
    return found


def leads_to(former: Former, path: str) -> str | None:
    """Where a document below `feeds/` is now: a path, empty if it is gone; None if it never was."""
    folder, name = _split(path)
    if folder not in former:
        return None
    new = former[folder]
    return "" if new is None else f"{new}/{name}"


def _split(path: str) -> tuple[str, str]:
    """`town/archive/3.xml` as its feed's folder and the name in it."""
    folder, _, name = path.rpartition("/")
    if folder.endswith("/archive"):
        folder, name = folder.removesuffix("/archive"), f"archive/{name}"
    return folder, name


_REST = r"((?:archive/)?[\w.]*)"


def _nginx(old: str, new: str | None) -> str:
    """A line of a `map` of the address to where it leads; "gone" is for 410."""
    if new is None:
        return f'"~^/feeds/{old}/{_REST}$" gone;\n'
    return f'"~^/feeds/{old}/{_REST}$" "/feeds/{quote(new)}/$1";\n'


def _caddy(old: str, new: str | None) -> str:
    """Lines for the `route` of the Caddyfile."""
    name = f"@former{re.sub(r'[^a-z0-9]', '_', quote(old).lower())}"
    matcher = f"{name} path_regexp former ^/feeds/{old}/{_REST}$\n"
    if new is None:
        return f"{matcher}respond {name} 410\n"
    return f"{matcher}redir {name} /feeds/{quote(new)}/{{re.former.1}} 301\n"
