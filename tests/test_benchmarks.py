"""What the page of numbers is made with: a simulation that loses nobody, and whole pictures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.plot import bars, lines
from benchmarks.simulation import STEP, Plan, Provider, simulate

READERS = 1_000_000


@pytest.mark.parametrize("rate", [100.0, 1000.0])
def test_an_edition_takes_what_its_narrowest_place_takes(rate: float) -> None:
    for plan in (Plan("", 1, rate, 1e9), Plan("", 1, 1e9, rate)):
        curve = simulate(plan, 1e9, READERS)
        first = next(n for n, value in enumerate(curve) if value >= 0.97) * STEP
        assert first == pytest.approx(0.97 / 0.98 * READERS / rate, rel=0.05)
    four = simulate(Plan("", 4, 1e9, 1e9), rate / 4, READERS)
    assert len(four) == len(simulate(Plan("", 1, 1e9, 1e9), rate, READERS))


def test_everybody_is_reached_whatever_a_provider_takes() -> None:
    slow = (Provider(0.5, 50), Provider(0.5))
    curve = simulate(Plan("", 1, 1e9, 1e9, slow), 1000.0, READERS)
    assert curve == sorted(curve)
    assert curve[-1] == pytest.approx(1, abs=1e-5)
    assert len(curve) * STEP >= 0.5 * READERS / 50


def test_pictures_are_whole_and_keep_names_as_text() -> None:
    name = "<b> & others"
    for text in (
        bars("T", [(name, 0.5), ("x", 2.0)]),
        lines("T", [(name, [(0, 0), (1, 1)])], most=1),
    ):
        svg = ElementTree.fromstring(text)
        assert svg.attrib["role"] == "img"
        assert name in [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
