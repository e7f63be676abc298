"""What a moderator sees on the way from the queue to a decision."""

import pytest
from django.contrib.auth.models import Group

from generation.models import SourceImage
from marketplace.moderation import appeals, blocks, notices
from marketplace.moderation.decisions import decide
from marketplace.moderation.models import AuditEntry, BlockedHash, Flag

from . import goods

pytestmark = pytest.mark.django_db
QUEUE = "/admin/moderation/review/"


@pytest.fixture
def second(charlie):
    """Another moderator."""
    charlie.is_staff = True
    charlie.save()
    charlie.groups.add(Group.objects.get(name="Moderators"))
    return charlie


@pytest.fixture
def notice(bob, published):
    return notices.report(published, "minors", reporter=bob, text="See the third row.")


@pytest.fixture
def appeal(alice, mod, submitted):
    return appeals.appeal(decide(submitted.in_review, mod, "reject", "words"), alice, "It says all.")


def page_of(browser, row) -> str:
    return browser.get(f"/admin/moderation/{row._meta.model_name}/{row.pk}/change/").content.decode()


def test_the_entrance_tells_moderators_how_much_waits(browser_of, second, notice, submitted):
    page = browser_of(second).get("/admin/").content.decode()
    assert "2 wait for a person" in page
    second.groups.clear()
    assert "for a person" not in browser_of(second).get("/admin/").content.decode()


def test_the_queue_counts_each_kind(browser_of, second, notice, submitted):
    page = browser_of(second).get(QUEUE).content.decode()
    assert '<a href="?kind=listing">Listing</a> (1)' in page
    assert '<a href="?kind=notice">Notice</a> (1)' in page
    assert page.index("endangers minors") < page.index("First listing")


def test_the_queue_says_what_is_for_another_person(browser_of, mod, second, appeal):
    assert "For another person" in browser_of(mod).get(QUEUE).content.decode()
    assert "For another person" not in browser_of(second).get(QUEUE).content.decode()


def test_nobody_is_offered_what_they_may_not_decide(browser_of, mod, second, appeal):
    own = page_of(browser_of(mod), appeal)
    assert "another person than the one" in own
    assert "/grant/" not in own
    assert "/grant/" in page_of(browser_of(second), appeal)
    answer = browser_of(mod).get(f"/admin/moderation/appeal/{appeal.pk}/grant/").content.decode()
    assert 'name="answer"' not in answer


@pytest.mark.parametrize("kind", ["notice", "appeal"])
def test_the_evidence_stands_beside_what_is_decided(kind, request, browser_of, second):
    row = request.getfixturevalue(kind)
    page = page_of(browser_of(second), row)
    for shown in ("Generated shirts", "Closest to a source image", "Declaration of rights", "/studio/source-sets/"):
        assert shown in page, shown
    assert AuditEntry.objects.filter(action="sources.seen", actor=second).count() == 1


def test_who_agrees_with_a_notice_is_led_to_the_decision(browser_of, second, notice):
    answer = browser_of(second).post(f"/admin/moderation/notice/{notice.pk}/agree/", {"answer": "You are right."})
    assert answer["Location"] == f"{QUEUE}{notice.listing.public_id}/"


def test_the_evidence_has_the_report_of_the_intake(browser_of, second, submitted):
    images = SourceImage.objects.filter(source_set=submitted.in_review.dataset.generator.source_set)
    images.filter(number=0).update(verdict="fixed", reasons=["rotated"])
    images.filter(number=1).update(flags=["blurry"])
    page = browser_of(second).get(f"{QUEUE}{submitted.public_id}/").content.decode()
    assert "Turned upright" in page
    assert "Blurry" in page


def test_who_sent_blocked_pictures_can_be_suspended_from_there(browser_of, mod, alice):
    listing = goods.published_of(alice)
    blocks.block([listing.current.dataset.generator.source_set.images.first().pixel_sha256], mod, "Not ours.")
    page = page_of(browser_of(mod), Flag.objects.get())
    for link in (f"suspension/add/?user={alice.pk}", str(listing.public_id), "Not ours."):
        assert link in page, link
    form = browser_of(mod).get(f"/admin/moderation/suspension/add/?user={alice.pk}").content.decode()
    assert f'<option value="{alice.pk}" selected>' in form


def test_a_block_shows_what_there_is_of_it(browser_of, mod, alice):
    source_set = goods.published_of(alice).current.dataset.generator.source_set
    image = source_set.images.first()
    blocks.block([image.pixel_sha256], mod, "Not ours.")
    page = page_of(browser_of(mod), BlockedHash.objects.get())
    for shown in (image.file_name, f"/images/{image.pk}/", "Generated shirts"):
        assert shown in page, shown


def test_what_says_nothing_is_not_shown(browser_of, second, notice):
    page = page_of(browser_of(second), notice)
    assert "See the third row." in page
    assert "Signed by" not in page
