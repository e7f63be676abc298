import io

import pytest

from generation.engine.meter import Meter, duration


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def _an_ordinary_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


def test_a_file_gets_a_plain_line_now_and_then(clock):
    meter = Meter(file := io.StringIO(), clock)
    for second in range(61):
        clock.now = second
        meter.show(second / 60, f"{second}/60", last=second == 60)
    assert file.getvalue().splitlines() == ["  0 %  0/60", " 50 %  30/60", "100 %  60/60"]


def test_the_last_line_comes_however_soon(clock):
    meter = Meter(file := io.StringIO(), clock)
    meter.show(0.5, "half")
    meter.show(1, "whole", last=True)
    assert file.getvalue().splitlines()[-1] == "100 %  whole"


def test_a_terminal_gets_one_line_drawn_again(clock):
    meter = Meter(terminal := Terminal(), clock)
    for share in (0.0, 0.5, 1.0):
        clock.now += 1
        meter.show(share, "of the work")
    meter.end()
    assert terminal.getvalue().count("\n") == 1
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("━" * 24 + " 100 %  of the work")


def test_no_line_is_wider_than_the_terminal(clock):
    meter = Meter(terminal := Terminal(), clock)
    meter.show(0.5, "x" * 200)
    assert len(terminal.getvalue().strip("\r").removesuffix("\x1b[K")) == 59


def test_what_is_said_stays_above_the_bar(clock):
    meter = Meter(terminal := Terminal(), clock)
    meter.show(0.1, "begun")
    meter.say("a note")
    meter.show(0.2, "going on")
    lines = terminal.getvalue().split("\n")
    assert "begun" in lines[0]
    assert lines[1] == "a note"
    assert "going on" in lines[2]


def test_a_terminal_without_unicode_gets_signs_it_has(clock):
    terminal = Terminal()
    terminal.encoding = "ascii"
    Meter(terminal, clock).show(0.5, "x")
    assert terminal.getvalue().isascii()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
