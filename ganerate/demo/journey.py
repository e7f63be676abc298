"""The whole main job, as seller, staff and buyer, over HTTP."""

import hashlib
import io
import json
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from .client import Browser, Client, DemoFailed, Form
from .display import Display

SALE_SECONDS = 120
IMAGE_SUFFIXES = (".png", ".webp", ".jpg")


@dataclass
class Person:
    email: str
    password: str
    token: str


@dataclass
class Journey:
    site: str
    folder: Path
    display: Display
    seller: Person
    buyer: Person
    staff: Person
    answered_in: float = 0.0
    found: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.as_seller = Client(self.site, self.seller.token)
        self.as_buyer = Client(self.site, self.buyer.token)

    def cancel_what_is_left(self) -> int:
        """An earlier demo that was interrupted left its job; it would run before this one."""
        active = ("queued", "running", "stopping")
        left = [job for job in self.as_seller.get("/api/v1/jobs/")["results"] if job["state"] in active]
        for job in left:
            if job["state"] != "stopping":
                self.as_seller.post(f"/api/v1/jobs/{job['id']}/cancel/")
        return len(left)

    def upload(self, archive: Path, name: str) -> dict[str, Any]:
        declaration = {"owns_rights": True, "no_recognisable_people": True}
        source_set = self.as_seller.post("/api/v1/source-sets/", {"name": name, "declaration": declaration})
        base = f"/api/v1/source-sets/{source_set['id']}/"
        upload = self.as_seller.post(f"{base}uploads/", {"file_name": archive.name, "size": archive.stat().st_size})
        with archive.open("rb") as file:
            for number in range(1, upload["part_count"] + 1):
                self.send(f"{base}uploads/{upload['id']}/", number, file.read(upload["part_size"]), upload["direct"])
        self.as_seller.post(f"{base}uploads/{upload['id']}/complete/")
        return self._checked(base, upload["id"])

    def send(self, upload: str, number: int, part: bytes, direct: bool) -> None:
        if direct:
            links = self.as_seller.post(f"{upload}links/", {"numbers": [number]})["links"]
            self.as_seller.send(links[0]["url"], part)
        else:
            self.as_seller.request("PUT", f"{upload}parts/{number}/", part)

    def _checked(self, base: str, upload: str) -> dict[str, Any]:
        while True:
            state = self.as_seller.get(f"{base}uploads/{upload}/")
            if state["state"] == "failed":
                raise DemoFailed(f"The upload was refused: {state['reason']}")
            if state["state"] == "done":
                return self.as_seller.get(base)
            time.sleep(0.3)

    def generate(self, source_set: dict[str, Any], **request: Any) -> dict[str, Any]:
        started = time.perf_counter()
        job = self.as_seller.post("/api/v1/jobs/", {"source_set": source_set["id"], **request})
        self.answered_in = time.perf_counter() - started
        return job

    def follow(self, job: dict[str, Any]) -> dict[str, Any]:
        with self.display.watch() as bar:
            for event in self.as_seller.events(job["urls"]["events"]):
                bar.show(event)
        job = self.as_seller.get(f"/api/v1/jobs/{job['id']}/")
        if job["state"] != "succeeded":
            raise DemoFailed(f"The job ended as {job['state']}: {job['reason']}")
        return self.as_seller.get(f"/api/v1/datasets/{job['dataset']}/")

    def offer(self, dataset: dict[str, Any], title: str, price: int) -> dict[str, Any]:
        licences = self.as_seller.get("/api/v1/licences/")
        licence = (licences["results"] if isinstance(licences, dict) else licences)[0]
        listing = self.as_seller.post(
            "/api/v1/listings/",
            {
                "dataset": dataset["id"],
                "title": title,
                "description": "Made by the demo: every image is generated, none is a source image.",
                "tags": ["demo"],
                "declaration": {"people": "none", "minors": "none", "third_party": "none", "releases": "unneeded"},
                "licence": licence["id"],
                "price": price,
                "currency": "KRW",
            },
        )
        self.as_seller.post(f"/api/v1/listings/{listing['id']}/submit/")
        return listing

    def approve(self, listing: dict[str, Any]) -> None:
        """Staff work in Django admin: sign in, open the queue, open the listing, send its form."""
        browser = Browser(self.site)
        sign_in = Form(browser.open("/admin/login/?next=/admin/"))
        credentials = {"username": self.staff.email, "password": self.staff.password, "next": "/admin/"}
        browser.open("/admin/login/?next=/admin/", sign_in.fields | credentials)
        queue = Form(browser.open("/admin/moderation/review/"))
        page = next((link for link in queue.links if listing["id"] in link), None)
        if page is None:
            raise DemoFailed("The listing is not in the staff's review queue.")
        form = Form(browser.open(page))
        browser.open(page, form.fields | {"outcome": "approve", "reason_code": "", "reason": ""})
        self.wait_for_sale(listing)

    def wait_for_sale(self, listing: dict[str, Any]) -> None:
        """A worker writes the sold files first."""
        deadline = time.monotonic() + SALE_SECONDS
        while (state := self.as_seller.get(f"/api/v1/listings/{listing['id']}/")["state"]) != "published":
            if time.monotonic() > deadline:
                raise DemoFailed(f"Staff approved the listing, and it is {state}.")
            time.sleep(0.2)

    def buy(self, listing: dict[str, Any]) -> dict[str, Any]:
        request = {"listing": listing["id"], "licence_accepted": True, "delivery_consent": True}
        return self.as_buyer.post("/api/v1/purchases/", request, **{"Idempotency-Key": uuid.uuid4().hex})

    def download(self, purchase: dict[str, Any]) -> list[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        files = []
        for number, bundle in enumerate(purchase["bundles"], start=1):
            path = f"/api/v1/purchases/{purchase['id']}/bundle/?part={number}"
            file = self.as_buyer.save(path, self.folder / bundle["name"])
            if sha256(file) != bundle["sha256"]:
                raise DemoFailed(f"{file} does not have the SHA-256 that the purchase names.")
            files.append(file)
        return files


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(files: list[Path], count: int) -> int:
    """Opens every image of the bundle and holds it against the manifest; returns how many there are."""
    manifest = {}
    with zipfile.ZipFile(files[0]) as first:
        for line in first.read("manifest.jsonl").splitlines():
            entry = json.loads(line)
            manifest[entry["file"]] = entry["sha256"]
    images = sum(verify_part(path, manifest) for path in files)
    if images != count or len(manifest) != count:
        raise DemoFailed(f"{count} images were asked for; the bundle holds {images}, its manifest {len(manifest)}.")
    if len(set(manifest.values())) != count:
        raise DemoFailed("Two images of the bundle are the same.")
    return images


def verify_part(path: Path, manifest: dict[str, str]) -> int:
    images = 0
    with zipfile.ZipFile(path) as bundle:
        for name in bundle.namelist():
            if name.startswith("images/") and name.endswith(IMAGE_SUFFIXES):
                data = bundle.read(name)
                if hashlib.sha256(data).hexdigest() != manifest[name]:
                    raise DemoFailed(f"{name} differs from the manifest.")
                Image.open(io.BytesIO(data)).load()
                images += 1
    return images
