import hashlib
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from generation import claims, jobs, selections, source_sets, uploads, verdicts
from generation.engine.config import RecipeRequest
from generation.heartbeats import Heartbeat
from generation.intake import run_intake
from generation.models import GenerationJob, SourceSet
from generation.tasks import train
from generation.tasks.endings_of_work import Impossible
from marketplace.moderation import blocks
from marketplace.moderation.models import BlockedHash, Flag

from . import goods

pytestmark = pytest.mark.django_db
ADD = "/admin/moderation/blockedhash/add/"


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    image = Image.effect_noise((32, 32), 60).convert("RGB")
    image.putpixel((0, 0), (shade, 0, 0))
    image.save(buffer, "PNG")
    return buffer.getvalue()


def sent(owner, *pictures: bytes) -> SourceSet:
    row = SourceSet.objects.create(owner=owner, name="Sent")
    row.declare({"owns_rights": True, "no_recognisable_people": True})
    for number, data in enumerate(pictures):
        upload = uploads.receive(row, ContentFile(data, name=f"{number}.png"))
        run_intake(upload.pk, lambda: True)
    row.refresh_from_db()
    return row


def test_a_blocked_picture_is_refused_and_nothing_of_it_is_kept(alice, mod):
    data = png(1)
    blocks.block([hashlib.sha256(data).hexdigest()], mod, "Not ours.")
    row = sent(alice, data, png(2))
    verdicts = list(row.images.order_by("pk").values_list("verdict", "key", "reasons"))
    assert verdicts[0] == ("rejected", "", ["blocked"])
    assert verdicts[1][0] == "accepted"
    assert len(default_storage.listdir(row.folder)[1]) == 1
    assert (Flag.objects.get().owner, row.usable_count) == (alice, 1)


def test_the_same_pixels_in_another_file_are_blocked_too(alice, bob, mod):
    data = png(1)
    first = sent(alice, data)
    blocks.block([hashlib.sha256(data).hexdigest()], mod, "Not ours.")
    again = io.BytesIO()
    Image.open(io.BytesIO(data)).save(again, "BMP")
    assert sent(bob, again.getvalue()).images.get().reasons == ["blocked"]
    assert default_storage.exists(first.images.get().key)


@pytest.fixture
def generator(alice):
    """Of pictures that a recipe offers: those of the goods are tiny."""
    made = goods.dataset_of(alice, 20).generator
    made.recipe |= {"resolution": 32}
    made.save()
    return made


def block_one_of(source_set: SourceSet, by) -> None:
    blocks.block([source_set.images.first().pixel_sha256], by, "Not ours.")
    source_set.refresh_from_db()


def test_nothing_is_trained_on_what_was_blocked_since(alice, mod, generator):
    source_set = generator.source_set
    block_one_of(source_set, mod)
    with pytest.raises(jobs.JobRefused, match="may not be used here"):
        jobs.more(alice, generator, count=10)
    source_set.usable_count = 100
    with pytest.raises(jobs.JobRefused, match="may not be used here"):
        jobs.submit(alice, source_set, count=10, request=RecipeRequest("quick", 28))


def test_jobs_at_work_on_it_are_stopped_and_their_owner_is_told(alice, mod, generator):
    job = jobs.more(alice, generator, count=10)
    block_one_of(generator.source_set, mod)
    job.refresh_from_db()
    assert job.state == GenerationJob.State.CANCELLED
    assert "A picture of its source set was blocked." in job.reason
    assert "Not ours" not in job.reason


def test_a_worker_looks_again_before_it_trains(alice, mod, generator):
    job = jobs.more(alice, generator, count=10)
    BlockedHash.objects.create(
        digest=generator.source_set.images.first().pixel_sha256, reason="Not ours.", blocked_by=mod
    )
    claim = claims.claim("training", "here")
    with pytest.raises(Impossible, match="may not be used here"):
        train.run(claim, Heartbeat(claim))
    assert claim.task.job == job


def test_the_owner_sees_which_and_goes_on_without_it(browser_of, alice, mod, generator):
    block_one_of(generator.source_set, mod)
    page = browser_of(alice).get(generator.source_set.get_absolute_url() + "?verdict=blocked_since").content.decode()
    assert "Staff have blocked this picture" in page
    newer = source_sets.new_version(generator.source_set)
    assert newer.blocked_count == 1
    assert selections.delete(newer, selections.selected(newer, "blocked_since")) == 1
    newer.refresh_from_db()
    assert (newer.blocked_count, newer.usable_count) == (0, 2)


def test_what_came_in_while_it_was_blocked_is_found_at_the_end_of_intake(alice, mod, monkeypatch):
    data = png(1)
    monkeypatch.setattr(verdicts, "refuse_blocked", lambda *_given: None)
    blocks.block([hashlib.sha256(data).hexdigest()], mod, "Not ours.")
    row = sent(alice, data)
    assert (row.blocked_count, row.images.get().flags) == (1, ["blocked_since"])


def test_who_holds_a_picture_that_is_blocked_is_put_before_staff(browser_of, mod, generator):
    block_one_of(generator.source_set, mod)
    assert Flag.objects.get().source_set == generator.source_set
    assert "Alice" in browser_of(mod).get("/admin/moderation/review/?kind=flag").content.decode()


def test_the_dry_run_shows_what_would_be_hit_and_blocks_nothing(browser_of, alice, mod):
    listing = goods.published_of(alice)
    image = listing.current.dataset.generator.source_set.images.first()
    asked = {"digests": image.pixel_sha256, "reason": "Not ours."}
    page = browser_of(mod).post(ADD, asked).content.decode()
    for shown in ("Dry run", image.file_name, "Generated shirts", "Shirts"):
        assert shown in page, shown
    assert not BlockedHash.objects.exists()
    browser_of(mod).post(ADD, asked | {"confirmed": "yes"})
    assert BlockedHash.objects.get().blocked_by == mod


def test_a_picture_gives_both_its_hashes(browser_of, mod):
    file = ContentFile(png(3), name="bad.png")
    page = browser_of(mod).post(ADD, {"picture": file, "reason": "Not ours."}).content.decode()
    assert page.count("<code>") == 2


@pytest.mark.parametrize("given", [{"digests": "abc"}, {"digests": ""}, {"digests": "a" * 64, "reason": ""}])
def test_the_form_refuses(browser_of, mod, given):
    page = browser_of(mod).post(ADD, {"reason": "Not ours."} | given).content.decode()
    assert "errorlist" in page
    assert "Dry run" not in page


def test_strangers_block_nothing(browser_of, alice):
    assert browser_of(alice).get(ADD).status_code == 302
    alice.is_staff = True
    alice.save()
    assert browser_of(alice).get(ADD).status_code == 403


def test_what_is_unblocked_may_be_sent_again(browser_of, alice, mod):
    data = png(1)
    blocks.block([hashlib.sha256(data).hexdigest()], mod, "Not ours.")
    row = BlockedHash.objects.get()
    browser_of(mod).post(f"/admin/moderation/blockedhash/{row.pk}/unblock/", {"why": "A mistake."})
    assert sent(alice, data).usable_count == 1


def test_a_set_may_be_trained_on_again_when_its_picture_is_unblocked(mod, generator):
    block_one_of(generator.source_set, mod)
    blocks.unblock(BlockedHash.objects.get(), mod, "A mistake.")
    generator.source_set.refresh_from_db()
    assert generator.source_set.blocked_count == 0
    assert generator.source_set.images.first().flags == []


def test_staff_look_at_who_sent_it(browser_of, alice, mod):
    data = png(1)
    blocks.block([hashlib.sha256(data).hexdigest()], mod, "Not ours.")
    sent(alice, data)
    queue = browser_of(mod).get("/admin/moderation/review/?kind=flag").content.decode()
    assert "Blocked pictures were sent" in queue
    flag = Flag.objects.get()
    browser_of(mod).post(f"/admin/moderation/flag/{flag.pk}/looked-at/", {"why": "An accident."})
    flag.refresh_from_db()
    assert flag.looked_by == mod
    assert "Blocked pictures" not in browser_of(mod).get("/admin/moderation/review/").content.decode()


def test_many_hashes_are_asked_in_one_query(alice, django_assert_num_queries):
    row = SourceSet.objects.create(owner=alice, name="Sent")
    with django_assert_num_queries(1):
        blocks.blocked(row.pk, {hashlib.sha256(bytes([number])).hexdigest() for number in range(50)})
