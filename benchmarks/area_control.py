"""Control back at once: answers, start, intake and downloads of the site on its embedded default."""

from benchmarks.control import downloads, eight_clients, first_page, intake, submit

PARTS = {
    "submit": submit.bars,
    "first-page": first_page.bars,
    "eight-clients": eight_clients.bars,
    "intake": intake.bars,
    "downloads": downloads.bars,
}
