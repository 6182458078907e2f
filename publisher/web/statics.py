"""Style sheets, icons and the like: under names that change with their content.

So a browser may keep each for ever, and still gets a new one at once. A file of the site's own in
`static/` of its templates folder takes the place of the packaged one of that name.

Partners name a script by its hash, and their pages do not change when we do: earlier releases of
it stay in `static/earlier/`, under the names that they were served by.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from publisher.config import Config
from publisher.render.colours import either_palette, palette
from publisher.render.pages import origin_and_root
from publisher.web.answers import Payload, answer

PACKAGED = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
# Somebody holds a page from before the file changed; what it gets now is not what it asked for.
NOT_LONG = "public, max-age=60"
# Laid over ours, so that a site can change a little without copying all of it.
OWN_STYLE = "own.css"
_hashed = re.compile(r"(?P<stem>[\w-]+)\.(?P<hash>[0-9a-f]{12})(?P<ending>\.\w+)")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served: its name with the hash, and its bytes with what they are."""

    name: str
    kept: Payload
    media_type: str


@dataclass(frozen=True, slots=True)
class Script:
    """A script's address, and its hash as `integrity` has it (Subresource Integrity)."""

    address: str
    integrity: str


class Statics:
    """The files of a site, as they are when this is made."""

    def __init__(self, config: Config) -> None:
        own = config.path(config.templates.folder) / "static"
        found = {file.name: file for folder in (PACKAGED, own) for file in _files(folder)}
        data = {name: file.read_bytes() for name, file in found.items()}
        data["site.css"] = _style(config.site.colour, data["site.css"], data.pop(OWN_STYLE, b""))
        data["embed.css"] = _plain(
            either_palette(config.site.colour) + data["embed.css"].decode("utf-8")
        ).encode()
        data.setdefault("icon.svg", _icon(config.site.title, config.site.colour))
        self._files = {name: _file(name, content) for name, content in data.items()}
        kept = [file for folder in (PACKAGED, own) for file in _files(folder / "earlier")]
        self._earlier = {file.name: file for file in map(_earlier, kept) if file is not None}
        self._root = origin_and_root(config.site)[1]

    def address(self, name: str) -> str:
        """Where the file of that name is; the address changes with its content."""
        return f"{self._root}/static/{self._files[name].name}"

    def script(self, name: str) -> Script:
        """How a page names the script of that name."""
        digest = hashlib.sha384(self._files[name].kept.data).digest()
        return Script(self.address(name), f"sha384-{base64.b64encode(digest).decode()}")

    async def serve(self, request: Request) -> Response:
        """The file of an address. Raises HTTPException (404)."""
        asked = request.path_params["name"]
        match = _hashed.fullmatch(asked)
        name = f"{match['stem']}{match['ending']}" if match else asked
        file = self._earlier.get(asked) or self._files.get(name)
        if file is None:
            raise HTTPException(404)
        headers = {
            "content-type": file.media_type,
            "cache-control": FOR_EVER if asked == file.name else NOT_LONG,
            "cross-origin-resource-policy": "cross-origin",
            "access-control-allow-origin": "*",  # scripts of embeds are fetched so, and checked
        }
        return answer(request, file.kept, headers)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.*") if file.is_file()] if folder.is_dir() else []


def _file(name: str, data: bytes) -> File:
    stem, ending = name.rsplit(".", 1)
    digest = hashlib.sha256(data).hexdigest()[:12]
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = guessed.startswith("text/") or guessed.endswith(("javascript", "+xml"))
    return File(
        f"{stem}.{digest}.{ending}",
        Payload.of(data),
        f"{guessed}; charset=utf-8" if is_text else guessed,
    )


def _earlier(path: Path) -> File | None:
    """A file under the name with its hash; None where the name is not right, since a browser would
    refuse it, and keep it for ever."""
    match = _hashed.fullmatch(path.name)
    made = _file(f"{match['stem']}{match['ending']}", path.read_bytes()) if match else None
    return made if made and made.name == path.name else None


def _style(colour: str, ours: bytes, own: bytes) -> bytes:
    return _plain(palette(colour) + ours.decode("utf-8")).encode() + own


def _plain(css: str) -> str:
    """A style sheet without its comments and indentation."""
    lines = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) + "\n"


def _icon(title: str, colour: str) -> bytes:
    """A square in the site's colour with the first letter of its title."""
    letter = escape(next((one for one in title if one.isalnum()), "·").upper())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="5" fill="{colour}"/>'
        '<text x="16" y="23" font-family="Georgia, serif" font-size="20" font-weight="700" '
        f'text-anchor="middle" fill="#fff">{letter}</text></svg>'
    ).encode()
