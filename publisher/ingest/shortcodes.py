"""Hugo's shortcodes in Markdown: turned into their content, or left out; never printed raw."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

_shortcode = re.compile(r"\{\{(?:<|%)(.*?)(?:>|%)\}\}", re.DOTALL)
_argument = re.compile(
    r"""(?:(?P<key>[\w-]+)\s*=\s*)?(?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>[^']*)'|"""
    r"""`(?P<raw>[^`]*)`|(?P<bare>[^\s"'`=]+))"""
)
_dated = re.compile(r"^\d{4}-\d{2}-\d{2}-")

Arguments = dict[str, str]


def expand(markdown: str) -> str:
    """The Markdown with every shortcode replaced; `{{</* x */>}}` shows as it was written."""
    return _shortcode.sub(_replace, markdown) if "{{" in markdown else markdown


def article_slug(path: str) -> str:
    """What an article is called by its file: the name without date and ending."""
    folder, _, file = path.rpartition("/")
    name = file.rpartition(".")[0] or file
    return _dated.sub("", folder.rpartition("/")[2] if name in ("index", "_index") else name)


def _replace(match: re.Match[str]) -> str:
    inside = match[1].strip()
    if inside.startswith("/*") and inside.endswith("*/"):
        return "&#123;&#123;&lt; " + escape(inside[2:-2].strip()) + " &gt;&#125;&#125;"
    name, _, rest = inside.removesuffix("/").strip().partition(" ")
    if name.startswith("/"):
        return _CLOSING.get(name[1:], "")
    make = _OPENING.get(name)
    return make(_arguments(rest)) if make else ""


def _arguments(text: str) -> Arguments:
    """Named arguments by name, the others by their position as `0`, `1`…"""
    found: Arguments = {}
    for number, match in enumerate(_argument.finditer(text)):
        values = (match["double"], match["single"], match["raw"], match["bare"])
        value = next((value for value in values if value is not None), "")
        found[match["key"] or str(number)] = re.sub(r"\\(.)", r"\1", value)
    return found


def _first(arguments: Arguments, *names: str) -> str:
    return next((arguments[name] for name in names if arguments.get(name)), "")


def _reference(arguments: Arguments) -> str:
    path, hash_sign, anchor = _first(arguments, "path", "0").partition("#")
    return f"/articles/{article_slug(path)}{hash_sign}{anchor}" if path else f"#{anchor}"


def _image(arguments: Arguments) -> str:
    source = escape(_first(arguments, "src", "0"))
    caption = escape(_first(arguments, "caption", "title"))
    alt = escape(_first(arguments, "alt")) or caption
    image = f'<img src="{source}" alt="{alt}">' if source else ""
    return f"{image} {caption}".rstrip() if caption and caption != alt else image


def _youtube(arguments: Arguments) -> str:
    video = _first(arguments, "id", "0")
    return _link(
        _first(arguments, "title", "text") or "Video", f"https://www.youtube.com/watch?v={video}"
    )


def _vimeo(arguments: Arguments) -> str:
    return _link(
        _first(arguments, "title") or "Video", f"https://vimeo.com/{_first(arguments, 'id', '0')}"
    )


def _tweet(arguments: Arguments) -> str:
    user, post = _first(arguments, "user") or "i", _first(arguments, "id", "0")
    return _link(f"@{user}" if user != "i" else "Post", f"https://twitter.com/{user}/status/{post}")


def _quotation(arguments: Arguments) -> str:
    said = escape(_first(arguments, "text", "0"), quote=False)
    by = escape(_first(arguments, "cite", "author"), quote=False)
    footer = f"<p>— <cite>{by}</cite></p>" if by else ""
    return f"\n\n<blockquote><p>{said}</p>{footer}</blockquote>\n\n"


def _resource(arguments: Arguments) -> str:
    return "\n\n" + _link(_first(arguments, "title", "kicker"), _first(arguments, "link")) + "\n\n"


def _box(arguments: Arguments) -> str:
    heading = _first(arguments, "title", "heading")
    return "\n\n<blockquote>\n\n" + (f"**{heading}**\n\n" if heading else "")


def _link(text: str, address: str) -> str:
    return (
        f'<a href="{escape(address)}">{escape(text, quote=False)}</a>' if text and address else ""
    )


_OPENING: dict[str, Callable[[Arguments], str]] = {
    "ref": _reference,
    "relref": _reference,
    "tmp": _reference,
    "img": _image,
    "img-right": _image,
    "img-left": _image,
    "legacy-img": _image,
    "legacy-img-right": _image,
    "figure": _image,
    "youtube": _youtube,
    "vimeo": _vimeo,
    "tweet": _tweet,
    "x": _tweet,
    "quote-block": _quotation,
    "featured-resource": _resource,
    "note": _box,
    "box": _box,
    "ring": _box,
    "card": _box,
}
_CLOSING = dict.fromkeys(("note", "box", "ring", "card"), "\n\n</blockquote>\n\n")
