"""A shelf of made-up listings in bulk: words as often as people use them (Zipf), in Korean and English."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate, islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from generation.models import Dataset, GenerationJob, Generator, SourceSet
from marketplace.accounts.models import User
from marketplace.listings import bands
from marketplace.listings.facets import cheapness
from marketplace.listings.indexing import named, rating, terms_of
from marketplace.listings.models import Licence, Listing, ListingVersion, ShelfEntry, Subject
from marketplace.listings.spelling import keep
from marketplace.listings.words import TITLE, indexed

WORDS = 30_000
KNOWN = ("shirts", "의류이미지", "images", "이미지", "flower", "셔츠", "texture", "풍경", "handwriting", "자동차")
IN_TITLE, IN_TEXT = 5, 25
SELLERS, DATASETS = 40, 400
BATCH = 10_000
STARTS = [*"bcdfghjklmnprstvwz", "br", "st", "tr", "pl"]
MIDDLES, ENDS = [*"aeiou", "ea", "ou"], [*"nrstlm", "ck", "nd"]
PRICES = {
    "KRW": (0, 1_000, 4_900, 9_900, 19_000, 39_000, 99_000, 290_000),
    "USD": (0, 100, 490, 990, 1_900, 4_900, 19_900),
}
Row = tuple[Any, ...]  # Any: columns


class Crowd:
    """Whoever offers something; all of it drawn from one seed."""

    def __init__(self, seed: int = 6) -> None:
        self.random = random.Random(seed)
        self.words = self.vocabulary()
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))
        self.plain = {word: " ".join(indexed(word)) for word in self.words}
        self.titled = {word: self.in_title(word) for word in self.words}
        self.subjects = {subject: " ".join(indexed(" ".join(named(subject)))) for subject in Subject}
        self.said: Counter[str] = Counter()

    def vocabulary(self) -> list[str]:
        made = dict.fromkeys(KNOWN)
        while len(made) < WORDS:
            made[self.korean() if self.random.random() < 0.5 else self.english()] = None
        return list(made)

    def english(self) -> str:
        syllables = range(self.random.choice((1, 2, 2, 3)))
        return "".join(
            self.random.choice(STARTS) + self.random.choice(MIDDLES) for _ in syllables
        ) + self.random.choice(ENDS)

    def korean(self) -> str:
        """Syllables too are used unevenly."""
        length = self.random.choice((2, 2, 3, 4))
        return "".join(chr(0xAC00 + int(11_172 * self.random.random() ** 2)) for _ in range(length))

    @staticmethod
    def in_title(word: str) -> str:
        return " ".join(f"{term} {TITLE}{term}" for term in indexed(word, letters=True))

    def say(self, number: int) -> list[str]:
        return self.random.choices(self.words, cum_weights=self.weights, k=number)

    def words_of(self, title: Sequence[str], text: Sequence[str], fields: dict[str, Any]) -> str:
        told = [*(self.titled[word] for word in title), *(self.plain[word] for word in text)]
        return " ".join((*told, self.subjects[fields["subject"]], *terms_of(fields)))


def report(chance: random.Random) -> dict[str, Any]:
    """The parts of a quality report that bands and cards read, with figures as they come out."""
    value = chance.choice((0.52, 0.7, 0.8, 0.86, 0.9, 0.95, 0.995))
    found = chance.choice((0, 0, 0, 0, 0, 0, 1, 40))
    return {
        "images": 2_000,
        "two_sample": {
            "compared_with": "holdout",
            "n": 500,
            "value": value,
            "low": value - 0.03,
            "high": value,
            "floor": 0.5,
        },
        "copies": {
            "found": found,
            "threshold": 1.0,
            "c_t": 0.4,
            "nearest": [{"image": n, "source": "c" * 64, "distance": 1.5} for n in range(8)],
        },
    }


def datasets(crowd: Crowd) -> list[Dataset]:
    """A few hundred, which listings share: what is measured reads one for each card."""
    people = User.objects.bulk_create(User(email=f"seller-{n}@example.com", name=f"Seller {n}") for n in range(SELLERS))
    return [dataset(crowd, number, people[number % SELLERS]) for number in range(DATASETS)]


def dataset(crowd: Crowd, number: int, owner: User) -> Dataset:
    chance = crowd.random
    source_set = SourceSet.objects.create(owner=owner, name=f"Set {number}")
    generator = Generator.objects.create(
        owner=owner, source_set=source_set, source_fingerprint="f" * 64, recipe={}, checkpoint_key="none",
        sha256="c" * 64, size=1,
    )  # fmt: skip
    count = int(10 ** chance.uniform(2, 5.5))
    job = GenerationJob.objects.create(
        owner=owner, source_set=source_set, count=count, seed=1, requested={}, generator=generator, state="succeeded",
        finished_at=timezone.now(),
    )  # fmt: skip
    return Dataset.objects.create(
        owner=owner, job=job, generator=generator, name=f"Dataset {number}", count=count, first_slot=0, channels=3,
        resolution=chance.choices((28, 32, 64, 128, 256), (20, 15, 40, 20, 5))[0], size=1, content_hash="h" * 64,
        labels=[f"label {n}" for n in range(10)] if chance.random() < 0.4 else [], report=report(chance),
    )  # fmt: skip


def rows(crowd: Crowd, of: list[Dataset], number: int) -> Iterator[tuple[Row, Row, Row]]:
    """A listing, its version and its entry, as COPY takes them; the version's number is the listing's."""
    chance, licences, now = crowd.random, list(Licence.objects.order_by("id")), timezone.now()
    kinds, weights = list(Subject), [1 / (rank + 1) for rank in range(len(Subject))]
    banded = {one.pk: (bands.quality_band(one.report), bands.copy_band(one.report)) for one in of}
    for pk in range(1, number + 1):
        data = chance.choice(of)
        title, text = crowd.say(IN_TITLE), crowd.say(IN_TEXT)
        crowd.said.update({*title, *text})
        currency = "KRW" if chance.random() < 0.7 else "USD"
        price, licence = chance.choice(PRICES[currency]), chance.choice(licences)
        published = now - timedelta(seconds=(number - pk) * 37 + chance.random())
        sold = int(chance.paretovariate(1.1)) - 1
        rated = min(sold, chance.randrange(4))
        stars = rated * chance.choice((3, 4, 5))
        quality, copies = banded[data.pk]
        fields = {
            "subject": chance.choices(kinds, weights)[0], "resolution": data.resolution, "count": data.count,
            "labelled": bool(data.labels), "licence": licence.code, "currency": currency, "quality": quality,
            "copies": copies, "published_at": published, "cheapness": cheapness(price, currency), "sales": sold,
            "rating": rating(stars, rated),
        }  # fmt: skip
        entry = (pk, *fields.values(), crowd.words_of(title, text, fields))
        shown = uuid.UUID(int=chance.getrandbits(128), version=4)
        listing = (pk, shown, data.owner_id, "published", pk, published, published, sold, rated, stars)
        version = (
            pk, pk, 1, data.pk, licence.pk, "0" * 64, " ".join(title), " ".join(text), "[]", fields["subject"], price,
            currency, "", "{}", "", 0, published, published, published,
        )  # fmt: skip
        yield listing, version, (pk, *entry)


COLUMNS = {
    Listing: "id public_id seller_id state current_id published_at created_at sales_count rating_count rating_sum",
    ListingVersion: "id listing_id number dataset_id licence_id licence_sha256 title description tags subject price "
    "currency changes declaration declaration_version sample_seed created_at updated_at sealed_at",
    ShelfEntry: "id listing_id subject resolution count labelled licence currency quality copies published_at "
    "cheapness sales rating words",
}


def fill(crowd: Crowd, number: int) -> None:
    """With the index of words made once at the end, as one does in bulk."""
    with transaction.atomic():
        of = datasets(crowd)
        postgres = connection.vendor == "postgresql"
        run("DROP INDEX shelf_by_words" if postgres else "SELECT 1")
        made_rows = rows(crowd, of, number)
        while batch := list(islice(made_rows, BATCH)):
            for model, made in zip(COLUMNS, zip(*batch, strict=True), strict=True):
                put(model, made)
        keep(crowd.said)
    if postgres:
        run("SET maintenance_work_mem = '1GB'")
        run("CREATE INDEX shelf_by_words ON listings_shelfentry USING gin (vector) WITH (fastupdate = off)")
        run("VACUUM ANALYZE")
    else:
        run("INSERT INTO listings_shelf_words (listings_shelf_words) VALUES ('optimize')")
        run("ANALYZE")


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def put(model: Any, made: Sequence[Row]) -> None:  # Any: a model of the shelf
    table, columns = model._meta.db_table, COLUMNS[model].split()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in made:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        plain = [[value.hex if isinstance(value, uuid.UUID) else value for value in row] for row in made]
        cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", plain)
