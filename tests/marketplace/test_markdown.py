"""What sellers write in Markdown, and what of it reaches a page."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.listings import markdown

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<b onclick='x()'>bold</b>",
    "[click](javascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](//evil.example/x)",
    "[click](/profile/data/close/)",
    "![seen](https://evil.example/pixel.png)",
    '[a](https://x.example "onmouseover=alert(1)")',
    "<https://x.example/?a='onmouseover=1>",
    "<!-- comment --> <style>*{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "| a |\n|:--|\n| <svg onload=x> |",
    "```<script>\nalert(1)\n```",
]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_of_a_seller_runs_or_loads(text):
    html = markdown.html(text)
    for danger in ("<script", "<img", "<svg", "<style", "<b ", 'href="javascript', 'href="data', 'href="/', "title="):
        assert danger not in html, html
    assert 'style="' not in html


def test_formatting_survives():
    html = markdown.html(
        "**Bold** and *slanted*.\n\n- one\n- two\n\n1. first\n\n> said\n\n`code`\n\n| a |\n|---|\n| 1 |"
    )
    for part in ("<strong>Bold</strong>", "<em>", "<ul>", "<ol>", "<blockquote>", "<code>", "<table>", "<td>1</td>"):
        assert part in html


def test_a_line_stays_a_line():
    assert "one<br>\ntwo" in markdown.html("one\ntwo").replace("<br />", "<br>")


@pytest.mark.parametrize("address", ["https://x.example/a?b=c", "http://x.example/", "mailto:alice@example.com"])
def test_links_vouch_for_nothing(address):
    html = markdown.html(f"[there]({address})")
    assert f'href="{address}"' in html
    assert 'rel="nofollow ugc noopener noreferrer"' in html
    assert markdown.links(f"[there]({address}) [again]({address})") == [address]


def test_headings_stand_below_those_of_the_page():
    html = markdown.html("# Most\n\n### Less\n\n# Most")
    assert html.count("<h3>") == 2
    assert html.count("<h4>") == 1
    assert "<h1" not in html


def test_an_image_is_only_its_words():
    assert markdown.html("![a <coat>](https://evil.example/p.png)") == "<p>a &lt;coat&gt;</p>\n"


def test_words_have_no_marks():
    assert (
        markdown.words("# Coats\n\n**Warm** & [soft](https://x.example)\n- one\n- two") == "Coats Warm & soft one two"
    )
    assert markdown.words("1 < 2 <b>x</b>") == "1 < 2 <b>x</b>"


@pytest.mark.parametrize("text", ["[" * 10_000, "> " * 5_000, "*a" * 5_000, "`" * 10_000, "- " * 5_000, "![" * 5_000,
                                  "|a" * 1_000 + "\n" + "|-" * 1_000, "[a](" * 2_500, "<" * 10_000])  # fmt: skip
def test_the_longest_description_takes_no_time(text):
    started = time.process_time()
    markdown.html.__wrapped__(text)
    assert time.process_time() - started < 2


@given(st.text(alphabet=st.sampled_from("<>[]()!*_`#|-&;:/\\\"' \nabhrefjs:lt1"), max_size=200))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_is_typed_only_known_tags_come_out(text):
    html = markdown.html(text)
    assert markdown.CLEANER.clean(html) == html
