"""A newsroom's colour, made readable in light and in dark (WCAG 2.2, success criterion 1.4.3)."""

from __future__ import annotations

Rgb = tuple[int, int, int]

# The lightest and darkest grounds of the style sheets that text in the colour stands on.
LIGHT_GROUNDS: tuple[Rgb, ...] = ((255, 253, 249), (246, 242, 234))
DARK_GROUNDS: tuple[Rgb, ...] = ((25, 24, 22), (38, 36, 33))
# 4.5 is required; a little more reads more easily.
ENOUGH = 5.5
# Mixed in by so many steps, black or white arrives at the end: so there is always an answer.
STEPS = 50
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def palette(colour: str) -> str:
    """The custom properties of a colour such as `#14507a`: for text and lines, in both schemes."""
    rgb = parse(colour)
    light, dark = readable(rgb, LIGHT_GROUNDS), readable(rgb, DARK_GROUNDS)
    return (
        f":root{{--accent:{name(light)};--on-accent:{name(_ink_on(light))}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root{{--accent:{name(dark)};--on-accent:{name(_ink_on(dark))}}}}}\n"
    )


def either_palette(colour: str) -> str:
    """The same for a page that can be told to be light or dark, by `color-scheme`."""
    rgb = parse(colour)
    light, dark = readable(rgb, LIGHT_GROUNDS), readable(rgb, DARK_GROUNDS)
    return f":root{{--accent:light-dark({name(light)},{name(dark)})}}\n"


def readable(rgb: Rgb, grounds: tuple[Rgb, ...]) -> Rgb:
    """The colour nearest to `rgb` that has a contrast of 5.5 or more against all the grounds."""
    target = BLACK if luminance(grounds[0]) > 0.5 else WHITE
    for step in range(STEPS + 1):
        mixed = _mix(rgb, target, step / STEPS)
        if all(contrast(mixed, ground) >= ENOUGH for ground in grounds):
            return mixed
    return target


def contrast(one: Rgb, other: Rgb) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(rgb: Rgb) -> float:
    """Relative luminance as WCAG defines it, from 0 to 1."""
    red, green, blue = (_linear(value / 255) for value in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def parse(colour: str) -> Rgb:
    """`#rgb` or `#rrggbb` as numbers."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def name(rgb: Rgb) -> str:
    """`#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _ink_on(rgb: Rgb) -> Rgb:
    return max((WHITE, BLACK), key=lambda ink: contrast(rgb, ink))
