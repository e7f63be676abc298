"""Something of every kind and state for the pages to show, made without training. Run in a management shell."""

import hashlib
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from generation import events
from generation.models import Dataset, GenerationJob, SourceImage, SourceSet
from marketplace.accounts.models import ApiToken, User
from marketplace.listings import drafts, questions
from marketplace.listings.models import Listing
from marketplace.moderation import notices, suspensions, takedowns
from marketplace.moderation.decisions import decide
from marketplace.moderation.models import Decision
from marketplace.purchases import payout_accounts, payouts, refunds
from marketplace.purchases.models import PayoutAccount
from tests.marketplace import goods

State = GenerationJob.State
LONG = "아주_길고_띄어쓰기가_없는_파일_이름_" * 4 + "20261121_000001_final_final_v2.png"
TITLE = "겨울 외투와 모자를 담은 데이터셋"


def furnish() -> None:
    names = ("alice", "bob", "charlie", "mod")
    # What staff leave unsaid is said in the language of whom it is for, and stays so.
    User.objects.update(language="ko")
    alice, bob, charlie, mod = (User.objects.get(email=f"{name}@example.com") for name in names)
    source_sets_of(alice)
    datasets = [goods.dataset_of(alice, 130, ["외투", "모자"]), goods.dataset_of(alice, 20)]
    Dataset.objects.filter(owner=alice).update(name="겨울 외투")
    jobs_of(alice, datasets[0].job)
    listings_of(alice, bob, mod, datasets)
    money_of(alice)
    trouble_of(charlie, mod, goods.published_of(alice, datasets[1], title=TITLE))
    ApiToken.issue(alice, "자동_업로드_" + "x" * 60, ApiToken.Scope.values)


def source_sets_of(alice: User) -> None:
    SourceSet.objects.create(owner=alice, name="빈_모음_" + "가" * 90)
    row = SourceSet.objects.create(owner=alice, name="겨울 옷", usable_count=1_234)
    row.declare({"owns_rights": True, "no_recognisable_people": True})
    for number, verdict in enumerate(["accepted", "fixed", "rejected"] * 26):
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
    sold, kept = (goods.published_of(alice, dataset, **words, price=90_000) for dataset in datasets)
    drafts.withdraw(goods.draft_of(alice, datasets[1], **words))
    goods.bought(bob, sold)
    refunds.refund(goods.bought(bob, kept, "two"), "staff")
    for _ in range(25):
        goods.published_of(alice, datasets[1], **words)
    # The last stand first in lists, of which the first are looked at.
    rejected = goods.submitted_of(alice, datasets[1], **words)
    decide(rejected.in_review, mod, Decision.Outcome.REJECT, Decision.ReasonCode.values[1], "제목을 고쳐 주세요.")
    asked_about = goods.published_of(alice, datasets[1], **words)
    questions.answer(questions.ask(bob, asked_about, "사진은 몇 장입니까?"), "백서른 장입니다.")
    questions.ask(bob, asked_about, "겨울 외투만 있습니까?")


def money_of(alice: User) -> None:
    """What was sold is as good as two months old."""
    payout_accounts.save(alice, "KRW", "Shinhan", "Alice Kim", "110123456789")
    PayoutAccount.objects.update(state="verified", verified_at=timezone.now())
    assert payouts.plan(timezone.now() + timedelta(days=60))


def trouble_of(charlie: User, mod: User, listing: Listing) -> None:
    claim = {"work": "내 외투 사진", "good_faith": True, "accurate": True, "signature": "Charlie"}
    bought = goods.bought(User.objects.get(email="bob@example.com"), listing, "three")
    case = notices.report(listing, "copyright", reporter=charlie, text="제 사진입니다.", **claim)
    takedowns.take_down(case, mod, "신고하신 분의 사진입니다.")
    assert takedowns.down(bought.version)
    until = timezone.now() + timedelta(days=3)
    suspensions.impose(charlie, "withdraw", reason="살펴보는 중입니다.", until=until, by=mod)
