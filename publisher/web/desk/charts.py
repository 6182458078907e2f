"""Charts as plain geometry, which a template draws as SVG: no script, and a table says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 640, 180
LEFT, BOTTOM, TOP = 48, 26, 10
WIDEST = 44.0  # of a bar, where there are few
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a bar, of one kind; `kind` is a class of the style sheet."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A number at an axis, and where it stands."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its axes, and the table that says the same: `names` are the heads of its
    columns, `kinds` go with all but the first."""

    title: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    pieces: tuple[Piece, ...] = ()
    line: str = ""
    scale: tuple[Mark, ...] = ()
    days: tuple[Mark, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.pieces and not self.line


def bars(
    title: str,
    names: Sequence[str],
    kinds: Sequence[str],
    values: Sequence[tuple[date, Sequence[int]]],
    day_text: Callable[[date], str],
) -> Chart:
    """A bar for each day, made of one piece for each kind. Pure."""
    top = nice(max((sum(parts) for _, parts in values), default=0))
    step = (WIDTH - LEFT) / max(len(values), 1)
    wide = min(0.76 * step, WIDEST)
    pieces: list[Piece] = []
    for number, (_, parts) in enumerate(values):
        y = float(HEIGHT - BOTTOM)
        for kind, value in zip(kinds, parts, strict=True):
            height = _height(value, top)
            y -= height
            if value:
                x = LEFT + (number + 0.5) * step - wide / 2
                x, y1, high = round(x, 1), round(y, 1), round(height, 1)
                pieces.append(Piece(x, y1, round(wide, 1), high, kind))
    return _chart(title, names, kinds, values, day_text, top, step, pieces=tuple(pieces))


def line(
    title: str,
    names: Sequence[str],
    kind: str,
    values: Sequence[tuple[date, int]],
    day_text: Callable[[date], str],
) -> Chart:
    """One line through a value for each day. Pure."""
    top = nice(max((value for _, value in values), default=0))
    step = (WIDTH - LEFT) / max(len(values), 1)
    points = [
        f"{LEFT + (number + 0.5) * step:.1f},{HEIGHT - BOTTOM - _height(value, top):.1f}"
        for number, (_, value) in enumerate(values)
    ]
    rows = [(day, (value,)) for day, value in values]
    drawn = " ".join(points) if any(value for _, value in values) else ""
    return _chart(title, names, (kind,), rows, day_text, top, step, line=drawn)


def nice(value: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is no less. Pure."""
    power = 1
    while True:
        for step in STEPS:
            if step * power >= value:
                return step * power
        power *= 10


def short(value: int) -> str:
    """A number of an axis: `500`, `20k`, `1.5M`. Pure."""
    for power, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= 10 * power or (value >= power and power > 1_000):
            return f"{value / power:g}{letter}"
    return f"{value:,}"


def _height(value: int, top: int) -> float:
    return (HEIGHT - BOTTOM - TOP) * value / top


def _chart(
    title: str,
    names: Sequence[str],
    kinds: Sequence[str],
    values: Sequence[tuple[date, Sequence[int]]],
    day_text: Callable[[date], str],
    top: int,
    step: float,
    *,
    pieces: tuple[Piece, ...] = (),
    line: str = "",
) -> Chart:
    shown = sorted({0, len(values) // 2, len(values) - 1}) if values else []
    half = [top // 2] if top > 1 and top % 2 == 0 else []
    return Chart(
        title, tuple(names), tuple(kinds),
        rows=tuple((day_text(day), *(f"{one:,}" for one in parts)) for day, parts in values),
        pieces=pieces, line=line,
        scale=tuple(
            Mark(round(HEIGHT - BOTTOM - _height(one, top), 1), short(one))
            for one in (0, *half, top)
        ),
        days=tuple(
            Mark(round(LEFT + (number + 0.5) * step, 1), day_text(values[number][0]))
            for number in shown
        ),
    )  # fmt: skip
