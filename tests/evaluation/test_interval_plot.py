from __future__ import annotations

from xml.etree import ElementTree

from docrerank.evaluation import draw_whisker
from docrerank.evaluation.interval_plot import Whisker, draw_plot
from docrerank.evaluation.statistics import Interval


def test_a_whisker_stands_where_its_numbers_are() -> None:
    root = ElementTree.fromstring(draw_whisker(Interval(0.5, 0.25, 0.75), (0.0, 1.0)))
    circle = next(root.iter("circle"))
    assert circle.attrib["cx"] == "50.00%"
    assert [line.attrib["x1"] for line in root.iter("line")] == ["0", "25.00%"]


def test_zero_is_marked_on_an_axis_around_it_and_nothing_leaves_the_axis() -> None:
    root = ElementTree.fromstring(draw_whisker(Interval(0.1, -3.0, 0.3), (-0.1, 0.3)))
    assert [line.attrib["class"] for line in root.iter("line") if "class" in line.attrib] == ["zero", "track"]
    assert [line.attrib["x1"] for line in root.iter("line")] == ["25.00%", "0", "0.00%"]


def test_a_plot_of_differences_has_signs_and_needs_nothing_else() -> None:
    drawing = draw_plot("Gains & more", "of <arms>", [Whisker("a" * 99, Interval(0.1, 0.05, 0.15))], (-0.2, 0.2))
    root = ElementTree.fromstring(drawing)
    assert root.attrib["aria-label"] == "Gains & more"
    assert "+0.100 [+0.050, +0.150]" in drawing
    assert f"{'a' * 37}…" in drawing
    assert "of &lt;arms&gt;" in drawing
