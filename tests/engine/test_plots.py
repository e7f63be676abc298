from xml.etree import ElementTree

import pytest

from generation.engine.plots import HEIGHT, MOST_POINTS, curves, thinned, ticks

SVG = "{http://www.w3.org/2000/svg}"


def line(kimg, swd=None):
    floor = None if swd is None else 20.0
    return {"kimg": kimg, "loss_d": 0.5, "loss_g": 2 - kimg / 100, "augment_p": 0.3, "swd": swd, "swd_floor": floor}


@pytest.fixture(scope="module")
def drawing():
    return ElementTree.fromstring(
        curves([line(n, swd=90 - n if n % 20 == 0 else None) for n in range(1, 101)], "a <run>")
    )


def test_every_curve_is_named_and_every_axis_has_its_unit(drawing):
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert {"discriminator", "generator", "generated", "real (floor)", "p"} <= set(texts)
    assert texts.count("kimg") == 3
    assert texts.count("100") >= 3
    assert drawing.find(f"{SVG}title").text == "a <run>"


def test_the_distance_is_drawn_where_it_was_measured(drawing):
    assert len(list(drawing.iter(f"{SVG}circle"))) == 5


def test_points_lie_where_their_figures_say(drawing):
    generator = next(p for p in drawing.iter(f"{SVG}polyline") if p.get("class") == "line b")
    places = [tuple(map(float, pair.split(","))) for pair in generator.get("points").split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert places[0][1] < places[-1][1]  # the loss falls, and SVG counts downwards
    assert places[-1][0] == pytest.approx(704)


def test_what_was_never_measured_has_no_panel():
    drawing = ElementTree.fromstring(curves([line(1), line(2)], "run"))
    assert float(drawing.get("height")) == 2 * HEIGHT + 30


def test_what_happened_is_marked_in_every_panel():
    lines = [line(1), line(2) | {"notes": [{"code": "collapse", "kimg": 2.0}]}]
    titles = [title.text for title in ElementTree.fromstring(curves(lines, "run")).iter(f"{SVG}title")]
    assert titles == ["run", "collapse at 2 kimg", "collapse at 2 kimg"]


def test_both_schemes_have_their_colours(drawing):
    assert "prefers-color-scheme: dark" in drawing.find(f"{SVG}style").text


def test_long_runs_are_thinned_to_the_mean_of_neighbours():
    points = thinned([(float(n), float(n % 2)) for n in range(10 * MOST_POINTS)])
    assert len(points) == MOST_POINTS
    assert {y for _, y in points} == {0.5}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 8, [0, 2, 4, 6, 8]),
        (0, 0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (0, 137, [0, 50, 100]),
    ],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)
