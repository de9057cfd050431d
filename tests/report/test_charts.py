from __future__ import annotations

import math
from xml.etree import ElementTree

from docrerank.evaluation.statistics import Interval
from docrerank.report.charts import MAX_POINTS, RIGHT, Line, draw_lines, draw_whisker


def test_a_chart_is_well_formed_and_told_in_words() -> None:
    chart = draw_lines("Loss & <more>", [Line("a<b", [(0, 2.0), (1, 1.0)])], "step")
    root = ElementTree.fromstring(chart)
    assert root.attrib["aria-label"] == "Loss & <more>: a<b from 2 to 1"
    assert root.attrib["role"] == "img"


def test_points_without_an_order_are_left_out_and_long_lines_thinned() -> None:
    points = [(float(x), math.nan if x == 7 else math.inf if x == 8 else float(x)) for x in range(5000)]
    chart = draw_lines("Loss", [Line("loss", points)], "step")
    assert "nan" not in chart
    assert "inf" not in chart
    drawn = chart.split('points="')[1].split('"')[0].split()
    assert MAX_POINTS * 0.8 < len(drawn) <= MAX_POINTS + 1
    assert drawn[-1].startswith(f"{RIGHT:.2f},")


def test_a_line_of_one_point_or_of_none_is_drawn() -> None:
    assert draw_lines("Loss", [Line("loss", [(1, 1)])], "step").startswith("<svg")
    assert draw_lines("Loss", [Line("loss", [(1, math.nan)])], "step") == ""


def test_a_whisker_stands_where_its_numbers_are() -> None:
    root = ElementTree.fromstring(draw_whisker(Interval(0.5, 0.25, 0.75), (0.0, 1.0)))
    circle = next(root.iter("circle"))
    assert circle.attrib["cx"] == "50.00%"
    assert [line.attrib["x1"] for line in root.iter("line")] == ["0", "25.00%"]


def test_zero_is_marked_on_an_axis_around_it_and_nothing_leaves_the_axis() -> None:
    root = ElementTree.fromstring(draw_whisker(Interval(0.1, -3.0, 0.3), (-0.1, 0.3)))
    assert [line.attrib["class"] for line in root.iter("line") if "class" in line.attrib] == ["zero", "track"]
    assert [line.attrib["x1"] for line in root.iter("line")] == ["25.00%", "0", "0.00%"]
