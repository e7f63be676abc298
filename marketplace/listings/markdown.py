"""Markdown of sellers as safe HTML: no HTML of their own, no images, and links that vouch for nothing."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape, unescape

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# A page has its title as h1 and its sections as h2: what sellers write stands below.
FIRST_HEADING, LAST_HEADING = 3, 6
MAX_DEPTH = 12
TAGS = {
    "p", "br", "hr", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow ugc noopener noreferrer",
)
WORDS_ONLY = nh3.Cleaner(tags=set())
PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": MAX_DEPTH})
PARSER.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])


def name_of_image(renderer: RendererHTML, tokens: Sequence[Token], place: int, *_rest: object) -> str:
    """A picture of a page elsewhere is not shown, only what it was called."""
    return escape(tokens[place].content)


PARSER.add_render_rule("image", name_of_image)


@lru_cache(maxsize=256)
def html(text: str) -> SafeString:
    tokens = PARSER.parse(text)
    lower_headings(tokens)
    return SafeString(CLEANER.clean(PARSER.renderer.render(tokens, PARSER.options, {})))


def lower_headings(tokens: list[Token]) -> None:
    """Whichever levels somebody used, they follow each other from h3 on."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(FIRST_HEADING + levels.index(token.tag), LAST_HEADING)}"


def words(text: str) -> str:
    """Without any marks, in one line: for search, and where a page tells others what it is about."""
    apart = html(text).replace("<", " <")
    return " ".join(unescape(WORDS_ONLY.clean(apart)).split())


def links(text: str) -> list[str]:
    """The addresses that a text leads to, each once."""
    inner = (child for token in PARSER.parse(text) for child in token.children or [])
    found = [str(child.attrGet("href") or "") for child in inner if child.type == "link_open"]
    return list(dict.fromkeys(found))
