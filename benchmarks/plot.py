"""Pictures as SVG that a browser shows in light and in dark, and a screen reader reads as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, LEFT, LINE = 900, 520, 26
# Curves differ by more than colour.
DASHES = ("none", "8 4", "2 3", "10 3 2 3")
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


def lines(
    title: str, curves: Sequence[tuple[str, Sequence[tuple[float, float]]]], *, most: float
) -> str:
    """Curves of values from 0 to 1, over 0 to `most` on the other axis; each is named beside it."""
    left, right, top, bottom = 60, WIDTH - 300, 20, 380
    wide, high = right - left, bottom - top
    rows = [f'<path class="axis" fill="none" d="M{left} {top}V{bottom}H{right}"/>']
    for part in range(5):
        x, y = left + wide * part / 4, bottom - high * part / 4
        rows += [
            f'<text x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{most * part / 4:g}</text>',
            f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{part / 4:.0%}</text>',
        ]
    for number, (name, points) in enumerate(curves):
        step = max(1, len(points) // 400)
        path = " ".join(
            f"{left + wide * x / most:.1f},{bottom - high * y:.1f}"
            for x, y in points[::step]
            if x <= most
        )
        dash = f' stroke-dasharray="{DASHES[number % len(DASHES)]}"'
        y = top + 20 + number * LINE
        rows += [
            f'<polyline class="line"{dash} points="{path}"/>',
            f'<line class="line"{dash} x1="{right + 15}" x2="{right + 45}" y1="{y}" y2="{y}"/>',
            f'<text x="{right + 52}" y="{y + 4}">{escape(name)}</text>',
        ]
    return picture(title, bottom + 40, rows)


def picture(title: str, height: int, rows: Sequence[str]) -> str:
    """An SVG document of that height, with what is drawn in it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f"<title>{escape(title)}</title>\n{STYLE}" + "\n".join(rows) + "\n</svg>\n"
    )


def _short(name: str, most: int = 70) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
