import contextlib
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from ganerate.demo.client import DemoFailed
from ganerate.demo.display import Display
from ganerate.demo.images import archive, suited_resolution
from ganerate.demo.journey import Journey, Person, verify
from generation.engine.config import PRESETS, RESOLUTIONS


class Command(BaseCommand):
    help = "The whole main job on one machine: source images, training, generated images, listing, sale, download."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--images", type=Path, help="folder or zip; without it the project draws a small set")
        parser.add_argument("--count", type=int, default=500, help="images to generate (default 500)")
        parser.add_argument("--preset", choices=PRESETS, default="quick")
        parser.add_argument("--resolution", type=int, choices=RESOLUTIONS, help="pixels; chosen by the images")
        parser.add_argument("--minutes", type=float, help="train no longer than this; the preset decides otherwise")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--once", action="store_true", help="stop everything at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        display = Display()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with site_running(options["port"]) as site:
                walk(display, site, options)
                if not options["once"]:
                    display.step(f"The site stays at {site}. Ctrl-C stops it.")
                    signal.pause()
        except DemoFailed as failure:
            raise CommandError(str(failure)) from None
        except KeyboardInterrupt:
            display.step("Stopped.")


def walk(display: Display, site: str, options: dict[str, Any]) -> None:
    folder = settings.VAR_DIR / "demo" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    people = {name: person(name) for name in ("seller", "buyer", "staff")}
    journey = Journey(site, folder, display, people["seller"], people["buyer"], people["staff"])
    display.step(f"The site is at [bold]{site}[/]. Seller, buyer and staff have accounts.")

    if left := journey.cancel_what_is_left():
        display.detail(f"Cancelled {left} unfinished of an earlier demo.")

    images = archive(options["images"], folder)
    source_set = journey.upload(images, images.stem.replace("_", " ").replace("-", " ").capitalize())
    counts = source_set["images"]
    display.step(f"Source set: {counts['accepted'] + counts['fixed']} images usable, {counts['rejected']} rejected.")

    resolution = options["resolution"] or (suited_resolution(images) if options["images"] else 32)
    job = journey.generate(
        source_set,
        count=options["count"],
        preset=options["preset"],
        resolution=resolution,
        labels=len(source_set["labels"]) > 1,
        **({"minutes": options["minutes"]} if options["minutes"] else {}),
    )
    display.step(
        f"Job accepted: the answer took {journey.answered_in * 1000:.0f} ms. Watch it at {job['urls']['page']}"
    )
    dataset = journey.follow(job)
    display.step(f"Dataset: {dataset['count']} images of {dataset['resolution']} px. {quality(dataset['report'])}")

    listing = journey.offer(dataset, f"{source_set['name']}, generated", price=9_900)
    display.step("Listing submitted for review at 9,900 KRW.")
    journey.approve(listing)
    display.step("Staff approved it in Django admin.")
    purchase = journey.buy(listing)
    display.step("Bought, with the test provider: no money moved.")
    files = journey.download(purchase)
    count = verify(files, options["count"])
    report = folder / "quality.json"
    report.write_text(json.dumps(dataset["report"], indent=2, ensure_ascii=False))
    display.step(f"Downloaded and verified: {count} images, each opened and equal to the manifest.")
    tell_where(display, site, files, report, listing, dataset, people)


def tell_where(
    display: Display,
    site: str,
    files: list[Path],
    report: Path,
    listing: dict[str, Any],
    dataset: dict[str, Any],
    people: dict[str, Person],
) -> None:
    for file in files:
        display.detail(f"bundle   {file}")
    display.detail(f"report   {report}")
    display.detail(f"listing  {site}/listings/{listing['id']}/")
    display.detail(f"dataset  {site}/studio/datasets/{dataset['id']}/")
    for role, someone in people.items():
        display.detail(f"sign in  as {role}: {someone.email} with {someone.password}")


def quality(report: dict[str, Any]) -> str:
    likeness, copies = report["likeness"], report["copies"]
    return (
        f"SWD {likeness['swd']['avg']:.1f}, floor {likeness['swd_floor']['avg']:.1f} (n = {likeness['n']}); "
        f"copies found before screening: {report['screening']['rate']:.1%}, shipped: {copies['found']}."
    )


def person(role: str) -> Person:
    password = secrets.token_urlsafe(9)
    out = io.StringIO()
    arguments = [f"{role}@demo.example", "--name", f"Demo {role}", f"--password={password}"]
    scopes = {"seller": "read,generate,sell", "buyer": "read,buy", "staff": "read,moderate"}[role]
    call_command("create_account", *arguments, "--token-scopes", scopes, *["--staff"] * (role == "staff"), stdout=out)
    made = json.loads(out.getvalue())
    return Person(email=made["email"], password=password, token=made["token"])


@contextlib.contextmanager
def site_running(port: int) -> Iterator[str]:
    """Starts the site and its workers, and ends them however the block ends."""
    command = [sys.executable, "manage.py", "run", "--port", str(port), "--quiet"]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, start_new_session=True, env=os.environ | {"COLUMNS": "200"}
    )
    site = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, site)
        yield site
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        if process.poll() is None:
            process.kill()


def wait_until_up(process: "subprocess.Popen[bytes]", site: str) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise DemoFailed("the site did not start; the line above says why.")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{site}/api/v1/schema/", timeout=5).close()
            return
        time.sleep(0.1)
    raise DemoFailed("the site did not answer within 30 s; var/logs says why.")
