import re

from django import template

register = template.Library()

MARK = re.compile(r"\s*(\d+\.|-)\s+")


@register.filter
def paragraphs(text: str) -> list[tuple[str, str]]:
    """A licence as it is read on a narrow screen: lines that were broken for a text file are joined again.

    An indented line without a number or dash goes on from the line before. Only how it looks changes; what counts,
    and what is hashed, is the text itself.
    """
    made: list[tuple[str, str]] = []
    for line in text.splitlines():
        mark = MARK.match(line)
        if not line.strip():
            continue
        if line[0].isspace() and not mark and made:
            kind, before = made.pop()
            made.append((kind, f"{before} {line.strip()}"))
        else:
            made.append((kind_of(mark), line.strip()))
    return made


def kind_of(mark: re.Match[str] | None) -> str:
    if mark is None:
        return "plain"
    return "item" if mark[1] == "-" else "clause"
