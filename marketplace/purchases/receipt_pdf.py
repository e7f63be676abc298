"""A receipt on one page of A4, with its own letters: Korean is read wherever it is opened."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from .receipts import Line, Receipt

FONTS = Path(settings.BASE_DIR) / "static" / "fonts"
INK, SOFT, RULE, MARK = (20, 32, 27), (90, 104, 96), (205, 214, 207), (11, 107, 79)
MARGIN, NAME_WIDTH = 20.0, 48.0  # in millimetres
# The font lacks the true minus, and Hanja, Kana, pictures: what it has nothing for is marked, not left out.
SPELLED = str.maketrans({"−": "-"})
LACKING = "□"


def pdf(receipt: Receipt) -> bytes:
    with translation.override(receipt.language):
        return drawn(receipt)


def drawn(receipt: Receipt) -> bytes:
    page = Page(receipt.language)
    page.head(receipt)
    page.lines(receipt.goods)
    page.rule()
    page.lines(receipt.amounts)
    page.total(receipt.total)
    page.lines(receipt.refunds)
    page.rule()
    page.lines(receipt.buyer)
    page.gap(4)
    page.lines(receipt.seller)
    page.rule()
    for note in receipt.notes[receipt.test :]:
        page.note(note)
    page.note(receipt.address)
    if page.lacking:
        page.note(_("□ stands for letters that this file can't show. The page above has them."))
    return bytes(page.file.output())


@cache
def font(name: str) -> str:
    path = FONTS / name
    if not path.is_file():
        raise FileNotFoundError(path)
    return str(path)


class Page:
    """A pen that writes rows of names and values from top to bottom."""

    def __init__(self, language: str) -> None:
        self.file = FPDF(format="A4")
        self.file.set_margins(MARGIN, MARGIN)
        self.file.set_auto_page_break(True, MARGIN)
        self.file.set_lang(language)
        self.file.add_font("gothic", "", font("ganerate-gothic.ttf"))
        self.file.add_font("gothic", "B", font("ganerate-gothic-bold.ttf"))
        own = self.file.fonts["gothic"]
        assert isinstance(own, TTFFont)
        self.letters = own.cmap.keys()
        self.lacking = False
        self.file.add_page()

    def spelled(self, text: str) -> str:
        text = text.translate(SPELLED)
        shown = "".join(letter if letter.isspace() or ord(letter) in self.letters else LACKING for letter in text)
        self.lacking = self.lacking or shown != text
        return shown

    def write(self, text: str, size: float, *, bold: bool = False, ink: tuple[int, int, int] = INK) -> None:
        self.file.set_font("gothic", "B" if bold else "", size)
        self.file.set_text_color(*ink)
        self.file.multi_cell(0, size * 0.5, self.spelled(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def head(self, receipt: Receipt) -> None:
        self.file.set_title(f"{receipt.title} {receipt.number}")
        self.file.set_author("GANerate")
        self.write("GANerate", 11, bold=True, ink=MARK)
        self.write(receipt.title, 24, bold=True)
        self.gap(5)
        if receipt.test:
            self.warn(receipt.notes[0])

    def lines(self, lines: list[Line]) -> None:
        for line in lines:
            self.line(line, 10)

    def line(self, line: Line, size: float, *, bold: bool = False) -> None:
        top = self.file.get_y()
        self.file.set_font("gothic", "", 9)
        self.file.set_text_color(*SOFT)
        self.file.multi_cell(NAME_WIDTH, 6, self.spelled(line.name), new_x=XPos.RIGHT, new_y=YPos.TOP)
        below_name = self.file.get_y() + 6
        self.file.set_xy(MARGIN + NAME_WIDTH, top)
        self.file.set_font("gothic", "B" if bold else "", size)
        self.file.set_text_color(*INK)
        value = self.spelled(line.value)
        self.file.multi_cell(0, max(6.0, size * 0.5), value, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.file.set_y(max(self.file.get_y(), below_name))

    def total(self, line: Line) -> None:
        self.gap(1)
        self.line(line, 16, bold=True)

    def warn(self, text: str) -> None:
        self.gap(2)
        self.write(text, 11, bold=True, ink=(156, 35, 40))
        self.gap(3)

    def note(self, text: str) -> None:
        self.write(text, 9, ink=SOFT)
        self.gap(1)

    def rule(self) -> None:
        self.gap(4)
        self.file.set_draw_color(*RULE)
        self.file.line(MARGIN, self.file.get_y(), self.file.w - MARGIN, self.file.get_y())
        self.gap(4)

    def gap(self, height: float) -> None:
        self.file.set_y(self.file.get_y() + height)
