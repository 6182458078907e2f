"""Pictures as SVG that a browser shows in light and in dark, and a screen reader reads as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, LEFT, LINE = 900, 520, 26
STYLE = """\
<style>
text { font: 13px system-ui, sans-serif; fill: #222 }
.in { fill: #15527d } .over { fill: #b3261e } .mark { stroke: #666; stroke-dasharray: 4 3 }
.line { fill: none; stroke: #15527d; stroke-width: 2 } .axis { stroke: #999 }
@media (prefers-color-scheme: dark) {
text { fill: #eee } .in { fill: #8fb8d8 } .over { fill: #f2b8b5 } .line { stroke: #8fb8d8 }
}
</style>
"""


def bars(title: str, values: Sequence[tuple[str, float]]) -> str:
    """A bar for each value, with a mark where it is 1; what goes beyond has another colour."""
    most = max([1.0, *(value for _, value in values)])
    scale = (WIDTH - LEFT - 60) / most
    height = LINE * (len(values) + 2)
    mark = LEFT + scale
    rows = [
        f'<line class="mark" x1="{mark:.0f}" x2="{mark:.0f}" y1="{LINE}" y2="{height}"/>',
        f'<text x="{mark:.0f}" y="18" text-anchor="middle">allowed</text>',
    ]
    for number, (name, value) in enumerate(values, 1):
        y = LINE * number + 8
        kind = "over" if value > 1 else "in"
        rows += [
            f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(_short(name))}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{value * scale:.1f}" height="16"/>',
            f'<text x="{LEFT + value * scale + 6:.1f}" y="{y + 13}">{value:.0%}</text>',
        ]
    return picture(title, height, rows)


def picture(title: str, height: int, rows: Sequence[str]) -> str:
    """An SVG document of that height, with what is drawn in it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n{STYLE}" + "\n".join(rows) + "\n</svg>\n"
    )


def _short(name: str, most: int = 70) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
