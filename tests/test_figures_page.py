"""Figures, tables and sentences as they land on a page."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pcutils import figures
from pcutils.analysis.statistics import Estimate
from pcutils.errors import PcutilsError
from pcutils.figures.svg import MOST_POINTS, svg_of
from pcutils.figures.tables import table_html

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _theme() -> None:
    figures.use_theme()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is displayed, as mime bundles."""
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw=False: shown.append(bundle))
    return shown


def lines() -> Figure:
    figure, axes = plt.subplots()
    for variant in figures.VARIANT_COLOURS:
        axes.plot([0, 1], [0, 1], **figures.variant_style(variant))
    axes.set(xlabel="time in hours", ylabel="share < 1 & more")
    axes.axhline(0.5, color=figures.INK)
    return figure


def test_svg_takes_ink_from_the_page_and_leaks_nothing() -> None:
    svg, width = svg_of(lines(), name="a", alt='less < more & "quoted"')
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'less < more & "quoted"'
    assert "currentColor" in svg
    assert figures.INK not in svg
    assert not root.findall(f".//{SVG}style")
    assert not re.search(r"#(?:000000|ffffff|000|fff)\b", svg)
    assert 300 < width < 900
    assert "time in hours" in "".join(root.itertext())


def test_svg_is_the_same_every_time_and_ids_differ_between_figures() -> None:
    first, _ = svg_of(lines(), name="a", alt="x")
    again, _ = svg_of(lines(), name="a", alt="x")
    other, _ = svg_of(lines(), name="b", alt="x")
    assert first == again
    ids, others = (set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, other))
    assert ids
    assert not ids & others
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', first)) == ids


def test_heavy_scatter_becomes_a_picture_and_light_one_does_not() -> None:
    def scatter(points: int) -> str:
        figure, axes = plt.subplots()
        axes.scatter(np.arange(points), np.arange(points))
        return svg_of(figure, name="s", alt="points")[0]

    assert "<image" in scatter(MOST_POINTS + 1)
    assert "<image" not in scatter(MOST_POINTS // 10)


def test_show_displays_an_accessible_figure_and_saves_it(page: list[dict[str, str]], tmp_path: Path) -> None:
    figure = lines()
    run = SimpleNamespace(dir=tmp_path)
    figures.show(figure, name="curves", caption="Five <lines>.", alt="All rise.", run=run, chapter="03_x")
    html = page[0]["text/html"]
    assert '<figure class="pc-figure" role="figure" aria-labelledby="caption-curves">' in html
    assert '<figcaption id="caption-curves">Five &lt;lines&gt;.</figcaption>' in html
    assert 'aria-label="All rise."' in html
    assert 'tabindex="0"' in html
    assert "All rise." in page[0]["text/plain"]
    saved = ElementTree.parse(tmp_path / "figures" / "03_x" / "curves.svg").getroot()
    assert "prefers-color-scheme:dark" in (saved.findtext(f"{SVG}style") or "")
    assert not plt.fignum_exists(figure.number)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({"name": "a", "caption": "c", "alt": " "}, "alt text"),
        ({"name": "a", "caption": "", "alt": "x"}, "caption"),
        ({"name": "A b", "caption": "c", "alt": "x"}, "figure name"),
    ],
)
def test_show_refuses_a_figure_without_words(words: dict[str, str], missing: str) -> None:
    with pytest.raises(PcutilsError, match=missing):
        figures.show(lines(), **words)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", figures.VARIANT_COLOURS.values())
def test_variant_colours_stand_out_on_white_and_on_the_dark_page(colour: str) -> None:
    value = luminance(colour)
    assert 1.05 / (value + 0.05) >= 3
    assert (value + 0.05) / (luminance("#14181e") + 0.05) >= 3


# Machado, Oliveira and Fernandes (2009), full severity: red-blind, green-blind, blue-blind.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, seen: list[list[float]]) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(seen) @ linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_variant_colours_stay_apart_with_colour_blindness(kind: str) -> None:
    seen = [lab(colour, BLINDNESS[kind]) for colour in figures.VARIANT_COLOURS.values()]
    gaps = [np.linalg.norm(one - two) for place, one in enumerate(seen) for two in seen[:place]]
    assert min(gaps) > 20  # a just noticeable difference is about 2


def test_variants_differ_without_colour_too() -> None:
    styles = [figures.variant_style(variant) for variant in figures.VARIANT_COLOURS]
    for key in ("color", "marker", "linestyle", "label"):
        assert len({str(style[key]) for style in styles}) == len(styles)
    with pytest.raises(PcutilsError, match="no colour for variant 'first'"):
        figures.variant_style("first")


def test_table_has_headers_for_columns_and_rows_and_escapes() -> None:
    frame = pd.DataFrame(
        {"who": ["<b>", "Ada"], "share": [0.5, None], "r": [Estimate(0.5, -0.1, 1, 9), None]}
    )
    html = table_html(frame, caption="Numbers & names", formats={"share": ".0%"})
    assert "<caption>Numbers &amp; names</caption>" in html
    assert html.count("scope='col'") == 3
    assert html.count("<th scope='row'>") == 2
    assert "&lt;b&gt;" in html
    assert "50\N{NARROW NO-BREAK SPACE}%" in html
    assert "0.50 <span class='pc-interval'>(\N{MINUS SIGN}0.10 to 1.00)</span>" in html
    assert html.count("<td class='pc-number pc-words'>not defined</td>") == 2


def test_table_needs_a_caption_and_known_columns() -> None:
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(PcutilsError, match="no caption"):
        table_html(frame, caption=" ")
    with pytest.raises(PcutilsError, match="not there: b"):
        table_html(frame, caption="x", formats={"b": ".0f"})


@pytest.mark.parametrize(
    "text", ["12 students", "a share of 0.5", "in 2016", "(3)", "about -4", "the 5 models"]
)
def test_typed_numbers_are_refused(text: str) -> None:
    with pytest.raises(PcutilsError, match="number is typed"):
        figures.fill(text)


@pytest.mark.parametrize("text", ["C1 and C2", "BLEU-4 of GPT-2", "Self-BLEU, k1", "no number at all"])
def test_digits_inside_names_pass(text: str) -> None:
    assert figures.fill(text) == text


def test_fill_writes_numbers_lists_and_intervals() -> None:
    text = figures.fill(
        "{n} of {all}: {names}; {gap:.2f}; {level}; {confidence}",
        n=3,
        all=1234.0,
        names=["a", "b", "c"],
        gap={"value": -0.5, "low": -0.75, "high": -0.25},
        level=None,
    )
    minus, space = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
    expected = f"3 of 1,234: a, b and c; {minus}0.50 ({minus}0.75 to {minus}0.25); not defined; 95{space}%"
    assert text == expected


def test_fill_names_a_missing_value() -> None:
    with pytest.raises(PcutilsError, match=r"no value for \{n\}; given are confidence, m"):
        figures.fill("{n}", m=1)


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.2, "more"), (-0.2, -0.1, "less"), (-0.1, 0.1, "?"), (None, None, "?")]
)
def test_reading_follows_the_interval(low: float | None, high: float | None, word: str) -> None:
    assert figures.reading(Estimate(0.0, low, high, 9), above="more", below="less", unclear="?") == word
