"""Something of every kind and state for the pages to show, made without training. Run in a management shell."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from generation import events
from generation.models import Dataset, GenerationJob, SourceImage, SourceSet
from marketplace.accounts.models import ApiToken, User
from marketplace.listings import drafts
from marketplace.moderation.decisions import decide
from marketplace.moderation.models import Decision
from marketplace.purchases import checkout
from tests.marketplace import goods

State = GenerationJob.State
LONG = "아주_길고_띄어쓰기가_없는_파일_이름_" * 4 + "20261121_000001_final_final_v2.png"
TITLE = "겨울 외투와 모자를 담은 데이터셋"


def furnish() -> None:
    alice, bob, mod = (User.objects.get(email=f"{name}@example.com") for name in ("alice", "bob", "mod"))
    source_sets_of(alice)
    datasets = [goods.dataset_of(alice, 130, ["외투", "모자"]), goods.dataset_of(alice, 20)]
    Dataset.objects.filter(owner=alice).update(name="겨울 외투")
    jobs_of(alice, datasets[0].job)
    listings_of(alice, bob, mod, datasets)
    ApiToken.issue(alice, "자동_업로드_" + "x" * 60, ApiToken.Scope.values)


def source_sets_of(alice: User) -> None:
    SourceSet.objects.create(owner=alice, name="빈_모음_" + "가" * 90)
    row = SourceSet.objects.create(owner=alice, name="겨울 옷", usable_count=1_234)
    row.declare({"owns_rights": True, "no_recognisable_people": True})
    for number, verdict in enumerate(["accepted", "fixed", "rejected"] * 12):
        source_image(row, number, verdict)


def source_image(row: SourceSet, number: int, verdict: str) -> None:
    data, key = goods.picture(number), f"source-sets/{row.public_id}/{number}.png"
    default_storage.save(key, ContentFile(data))
    SourceImage.objects.create(
        source_set=row, number=number, file_name=LONG if number < 3 else f"coat-{number}.png", verdict=verdict, key=key,
        reasons={"fixed": ["rotated"], "rejected": ["tiny"]}.get(verdict, []), width=8, height=8,
        pixel_sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def jobs_of(alice: User, done: GenerationJob) -> None:
    """One in each state that has ended. Whatever has not would be taken up by a worker, or swept."""
    recipe = {"preset": "quick", "resolution": 32}
    GenerationJob.objects.filter(owner=alice).update(requested=recipe, started_at=F("created_at"))
    for state, reason in ((State.FAILED, "메모리가 부족했습니다."), (State.CANCELLED, "")):
        job = GenerationJob.objects.create(
            owner=alice, source_set=done.source_set, count=1_000_000, seed=1, state=state, reason=reason,
            requested={"preset": "standard", "resolution": 64}, finished_at=timezone.now(),
        )  # fmt: skip
        events.record(job, str(state), {"reason": reason} if reason else {})
    events.record(done, "succeeded", {})


def listings_of(alice: User, bob: User, mod: User, datasets: list[Dataset]) -> None:
    words = {"title": TITLE, "description": "구김과 그림자가 있는 외투 사진을 닮았습니다.", "tags": ["외투", "겨울"]}
    goods.draft_of(alice, datasets[1], **words)
    goods.submitted_of(alice, datasets[1], **words, price=1_000_000)
    rejected = goods.submitted_of(alice, datasets[1], **words)
    decide(rejected.in_review, mod, Decision.Outcome.REJECT, Decision.ReasonCode.values[1], "제목을 고쳐 주세요.")
    sold, kept = (goods.published_of(alice, dataset, **words) for dataset in datasets)
    drafts.withdraw(goods.draft_of(alice, datasets[1], **words))
    goods.bought(bob, sold)
    checkout.refund(goods.bought(bob, kept, "two"))
    for _ in range(25):
        goods.published_of(alice, datasets[1], **words)
