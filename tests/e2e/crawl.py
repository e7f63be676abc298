"""Follows every link of the site as one person, and notes what is wrong with each page."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import ConsoleMessage, Page, Response

WIDTHS = (1280, 360)
# Of pages with one route, as many as differ in their states; with a question, such as a filter, one.
INSTANCES, ASKED = 3, 20
# Files, and pages that are somebody else's work: asked for, but not opened.
NOT_OPENED = frozenset({
    "listing-sample", "purchase-bundle", "dataset-bundle", "dataset-sheet", "dataset-image-file", "listing-image",
    "source-image", "job-preview", "metrics", "schema", "own-data-export", "licence-text", "dataset-cover",
    "listing-cover", "listing-card", "listing-croissant", "purchase-link", "receipt-file", "sales-csv",
    "dataset-file",
})  # fmt: skip
FOREIGN = ("/admin/queues/", "/admin/django_rq/", "/api/v1/docs/")

LOOK = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  lang: document.documentElement.lang,
  title: document.title,
  headings: document.querySelectorAll("h1").length,
  links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")),
  anchors: [...document.querySelectorAll("a[href^='#']")].map((link) => link.hash.slice(1))
    .filter((name) => name && !document.getElementById(name)),
  texts: [...document.querySelectorAll("body, body *:not(script, style, option, noscript)")]
    .filter((element) => !element.closest("[lang]:not(html), pre, code, .hash, .mono"))
    .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === 3))
    .map((node) => node.data.trim().replace(/\\s+/g, " ")).filter(Boolean),
})"""
IMAGES = """async () => {
  const images = [...document.images].filter((image) => image.src);
  for (const image of images) image.loading = "eager";
  const bad = await Promise.all(images.map((image) => image.decode().then(() => null, () => image.src)));
  return bad.filter(Boolean);
}"""


@dataclass
class Visit:
    route: str
    address: str
    title: str
    texts: list[str]

    @property
    def name(self) -> str:
        return self.route.partition("?")[0]


@dataclass
class Crawl:
    """`faults` is empty when the site is well."""

    page: Page
    language: str
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))
        self.page.on("console", self.heard)
        self.page.on("response", self.answered)

    def note(self, fault: str) -> None:
        self.faults.append(f"{urlsplit(self.page.url).path}: {fault}")

    def heard(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.note(f"console: {line.text}")

    def answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.url}: {response.status}, asked for by {self.page.url}")

    def follow(self, *starts: str) -> Iterator[Visit]:
        """Breadth first, each page at both widths. The caller may look further while the page is open."""
        queue = list(starts)
        self.known.update(queue)
        while queue:
            address = queue.pop(0)
            visit = self.visit(address)
            if visit is None:
                continue
            yield visit
            queue += self.new_links(address)

    def visit(self, address: str) -> Visit | None:
        route = route_of(address)
        if route is None:
            self.faults.append(f"{address} leads nowhere")
            return None
        self.seen[route] += 1
        if route.split("?")[0] in NOT_OPENED or address.startswith(FOREIGN):
            return self.ask(address)
        if self.seen[route] > (1 if "?" in route or route.startswith("admin:") else INSTANCES):
            return self.ask(address)
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.page.goto(address)
        found = self.page.evaluate(LOOK)
        self.judge(found)
        self.links = found["links"]
        # Whoever is not signed in ends elsewhere.
        visit = Visit(route_of(self.page.url) or route, address, found["title"], found["texts"])
        self.judge_title(visit)
        return visit

    def ask(self, address: str) -> None:
        """Not opened: it must only be there."""
        if self.seen[route_of(address) or ""] > ASKED:
            return
        status = self.page.request.head(address).status
        if status >= 400 and status != 405:
            self.faults.append(f"{address}: {status}")

    def judge(self, found: dict[str, object]) -> None:
        if found["lang"] != self.language:
            self.note(f"lang is {found['lang']}")
        if found["headings"] != 1:
            self.note(f"{found['headings']} first headings")
        if found["anchors"]:
            self.note(f"no such place on the page: {found['anchors']}")
        if broken := self.page.evaluate(IMAGES):
            self.note(f"broken images: {broken[:3]}")
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                self.note(f"{wide} px too wide at {width}")

    def judge_title(self, visit: Visit) -> None:
        """Two kinds of page have two titles; the admin's are its own matter."""
        first = self.titles.setdefault(visit.title, visit.name)
        if first != visit.name and not visit.name.startswith("admin:"):
            self.note(f"has the title of {first}: {visit.title}")

    def new_links(self, base: str) -> list[str]:
        """Addresses on this site not followed yet, without their fragment. The admin's filters are its own matter."""
        found = []
        for link in self.links:
            parts = urlsplit(urljoin(base, link))
            address = parts._replace(fragment="").geturl()
            filtered = parts.query and parts.path.startswith("/admin/")
            if not parts.scheme and not parts.netloc and not filtered and address not in self.known:
                self.known.add(address)
                found.append(address)
        return found


def route_of(address: str) -> str | None:
    """The route's name and which question is asked of it: `listing-list?q`. Filters together are one more route."""
    parts = urlsplit(address)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    questions = list(parse_qs(parts.query))
    asked = "several" if len(questions) > 1 else "".join(questions)
    return f"{match.view_name or match.route}{'?' if asked else ''}{asked}"
