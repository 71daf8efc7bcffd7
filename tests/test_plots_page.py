"""Figures, intervals and tables as they land on a page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pcutils import plots
from pcutils.analysis import Estimate
from pcutils.data import VARIANTS
from pcutils.errors import PcutilsError
from pcutils.plots.page import MOST_POINTS

SVG = "{http://www.w3.org/2000/svg}"
LIGHT, DARK = "#fdfcf9", "#17191c"  # the pages of the book


@pytest.fixture(autouse=True)
def _theme() -> None:
    plots.use_theme()


def lines() -> Figure:
    figure, axes = plt.subplots()
    for variant in VARIANTS:
        axes.plot([0, 1], [0, 1], **plots.styles_of([variant])[variant])
    axes.set(xlabel="time in hours", ylabel="share < 1 & more")
    axes.axhline(0.5, color=plots.INK)
    return figure


def svg_of(figure: Figure, name: str = "a", alt: str = "x") -> str:
    html = plots.figure_html(figure, name, "A caption.", alt)
    return html[html.index("<svg") : html.rindex("</svg>") + len("</svg>")]


def test_svg_takes_its_ink_from_the_page_and_leaks_no_style() -> None:
    svg = svg_of(lines(), alt='less < more & "quoted"')
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'less < more & "quoted"'
    assert "currentColor" in svg
    assert plots.INK not in svg
    assert not root.findall(f".//{SVG}style")
    assert not re.search(r"#(?:000000|ffffff|000|fff)\b", svg)
    assert "time in hours" in "".join(root.itertext())


def test_same_figure_same_bytes_and_no_id_is_shared_between_figures() -> None:
    first, again, other = svg_of(lines()), svg_of(lines()), svg_of(lines(), "b")
    assert first == again
    ids, others = (set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, other))
    assert ids
    assert not ids & others
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', first)) == ids


@pytest.mark.parametrize(("points", "is_bitmap"), [(MOST_POINTS + 1, True), (100, False)])
def test_only_a_heavy_scatter_becomes_a_bitmap(points: int, is_bitmap: bool) -> None:
    figure, axes = plt.subplots()
    axes.scatter(np.arange(points), np.arange(points))
    assert ("<image" in svg_of(figure)) is is_bitmap


def test_labels_have_twelve_pixels_on_a_phone() -> None:
    svg = svg_of(lines())
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])  # type: ignore[index]
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
    assert sizes
    assert min(sizes) * (360 - 32) / width >= 12


def test_a_figure_is_accessible_closed_and_saved(tmp_path: Path) -> None:
    figure, path = lines(), tmp_path / "03_x" / "curves.svg"
    html = plots.figure_html(figure.axes[0], "curves", "Five <lines>.", "All rise.", save_to=path)
    assert '<figure class="pc-figure" role="figure" aria-labelledby="caption-curves">' in html
    assert '<figcaption id="caption-curves">Five &lt;lines&gt;.</figcaption>' in html
    assert not plt.fignum_exists(figure.number)  # type: ignore[attr-defined]
    saved = ElementTree.parse(path).getroot()
    assert "prefers-color-scheme:dark" in (saved.findtext(f"{SVG}style") or "")


@pytest.mark.parametrize(
    ("words", "missing"),
    [(("a", "c", " "), "alt text"), (("a", "", "x"), "caption"), (("A b", "c", "x"), "figure name")],
)
def test_a_figure_without_words_is_an_error(words: tuple[str, str, str], missing: str) -> None:
    with pytest.raises(PcutilsError, match=missing):
        plots.figure_html(lines(), *words)


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("page", [LIGHT, DARK])
@pytest.mark.parametrize("colour", sorted({*plots.PALETTE, *(one.color for one in VARIANTS.values())}))
def test_marks_have_a_contrast_of_three_in_both_themes(colour: str, page: str) -> None:
    low, high = sorted(float(linear(one) @ [0.2126, 0.7152, 0.0722]) + 0.05 for one in (colour, page))
    assert high / low >= 3


# Machado, Oliveira and Fernandes (2009), full severity: red-blind, green-blind, blue-blind.
BLINDNESS = {
    "protanopia": "0.152286 1.052583 -0.204868 0.114503 0.786281 0.099216 -0.003882 -0.048116 1.051998",
    "deuteranopia": "0.367322 0.860646 -0.227968 0.280085 0.672501 0.047413 -0.01182 0.04294 0.968881",
    "tritanopia": "1.255528 -0.076749 -0.178779 -0.078411 0.930809 0.147602 0.004733 0.691367 0.3039",
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_variants_stay_apart_with_colour_blindness(kind: str) -> None:
    seen = np.array([float(number) for number in BLINDNESS[kind].split()]).reshape(3, 3)
    labs = []
    for variant in VARIANTS.values():
        xyz = TO_XYZ @ np.clip(seen @ linear(variant.color), 0, 1) / [0.9505, 1, 1.089]
        x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        labs.append(np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)]))
    gaps = [np.linalg.norm(one - two) for index, one in enumerate(labs) for two in labs[:index]]
    assert min(gaps) > 20  # a just noticeable difference is about 2


def test_variants_differ_without_colour_too_and_names_become_words() -> None:
    styles = list(plots.styles_of(list(VARIANTS)).values())
    for key in ("color", "marker"):
        assert len({str(style[key]) for style in styles}) == len(styles)
    labels = [plots.label_of(name) for name in ("last", "trace_length_all", "anything else")]
    assert labels == [VARIANTS["last"].label, "number of attempts", "anything else"]
    assert plots.palette()[VARIANTS["last"].label] == plots.palette()["last"] == VARIANTS["last"].color


TABLE = pd.DataFrame(
    {
        "label": ["attempts", "attempts", "comments", "comments"],
        "model": ["trace", "students", "trace", "students"],
        "value": [Estimate(0.5, 0.4, 0.6, 9), Estimate(0.2, 0.1, 0.3, 9), None, Estimate(0.1, None, None, 9)],
    }
)


def test_intervals_stand_in_their_row_with_the_color_of_their_group() -> None:
    axes = plots.interval_plot(TABLE, hue="model", xlabel="r", line=0)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["attempts", "comments"]
    trace, students = axes.get_lines()[:2]
    assert (trace.get_color(), trace.get_label()) == (VARIANTS["trace"].color, "whole traces")
    assert students.get_color() == plots.INK
    assert trace.get_xdata()[0] == 0.5
    rows = np.array([trace.get_ydata(), students.get_ydata()])
    assert (rows.round() == [[0, 1], [0, 1]]).all()
    assert (rows[0] < rows[1]).all()
    assert axes.yaxis_inverted()
    assert axes.collections[0].get_segments()[0][:, 0].tolist() == [0.4, 0.6]


def test_numbers_with_low_and_high_draw_the_same() -> None:
    numbers = TABLE.assign(
        **{key: [getattr(one, key, None) for one in TABLE["value"]] for key in ("low", "high", "value")}
    )
    drawn = [plots.interval_plot(table, hue="model").get_lines()[0] for table in (TABLE, numbers)]
    assert np.array_equal(*(line.get_xydata() for line in drawn), equal_nan=True)
    with pytest.raises(PcutilsError, match="no column 'low' to plot"):
        plots.interval_plot(numbers.drop(columns="low"))


@pytest.mark.parametrize("table", [TABLE.iloc[[2]], TABLE.iloc[:0], pd.DataFrame()])
def test_a_plot_of_nothing_says_so(table: pd.DataFrame) -> None:
    axes = plots.interval_plot(table, xlabel="r")
    assert [text.get_text() for text in axes.texts] == ["not defined on this data"]


def test_a_table_has_headers_and_escapes_and_formats() -> None:
    frame = pd.DataFrame(
        {"who": ["<b>", "Ada"], "share": [0.5, None], "r": [Estimate(0.5, -0.1, 1, 9), None], "n": [12345, 1]}
    )
    html = plots.table_html(frame, "Numbers & names", {"share": ".0%"})
    assert "<caption>Numbers &amp; names</caption>" in html
    assert (html.count("scope='col'"), html.count("<th scope='row'>")) == (4, 2)
    assert "<th scope='row'>&lt;b&gt;</th><td class='pc-number'>50%</td>" in html
    assert "0.50 <span class='pc-interval'>(\N{MINUS SIGN}0.10 to 1.00)</span>" in html
    assert html.count("not defined") == 2
    assert "12,345" in html
    with pytest.raises(PcutilsError, match="no caption"):
        plots.table_html(pd.DataFrame({"a": [1]}), " ")
    with pytest.raises(PcutilsError, match="not there: b"):
        plots.table_html(pd.DataFrame({"a": [1]}), "x", {"b": ".0f"})
