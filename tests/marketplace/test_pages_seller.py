"""What sellers do on the pages, without JavaScript."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from generation.models import GenerationJob, SourceSet, Upload
from marketplace.listings.models import Listing

from . import goods


@pytest.fixture
def ready(alice) -> SourceSet:
    return SourceSet.objects.create(
        owner=alice, name="Shirts", declared_at=timezone.now(), usable_count=60, draft_fingerprint="f" * 64,
        label_counts={"red": 30, "blue": 30},
    )  # fmt: skip


ORDER = {"preset": "quick", "count": 100, "resolution": 32, "fit": "crop"}


def test_a_source_set_is_made_with_its_declaration(alice, browser_of):
    answers = {"name": "Shirts", "owns_rights": "on", "no_recognisable_people": "on"}
    browser_of(alice).post(reverse("source-set-new"), answers)
    source_set = SourceSet.objects.get(owner=alice)
    assert source_set.declared
    assert source_set.declaration == {"owns_rights": True, "no_recognisable_people": True}


def test_without_the_rights_nothing_is_made(alice, browser_of):
    response = browser_of(alice).post(reverse("source-set-new"), {"name": "Shirts", "no_recognisable_people": "on"})
    assert response.status_code == 422
    assert not SourceSet.objects.exists()


def test_files_of_a_plain_form_are_handed_to_intake(alice, browser_of):
    source_set = SourceSet.objects.create(owner=alice, name="Shirts", declared_at=timezone.now())
    files = [SimpleUploadedFile(f"{number}.png", goods.picture(number)) for number in range(2)]
    response = browser_of(alice).post(source_set.get_absolute_url(), {"images": files})
    assert response.status_code == 302
    assert source_set.uploads.filter(state=Upload.State.CHECKING).count() == 2


def test_an_empty_upload_names_its_field(alice, browser_of):
    source_set = SourceSet.objects.create(owner=alice, name="Shirts", declared_at=timezone.now())
    response = browser_of(alice).post(source_set.get_absolute_url(), {})
    assert response.status_code == 422
    assert "errorlist" in response.text


def test_staff_read_but_add_nothing(ready, mod, browser_of):
    browser = browser_of(mod)
    assert browser.get(ready.get_absolute_url()).status_code == 200
    file = SimpleUploadedFile("1.png", goods.picture(1))
    assert browser.post(ready.get_absolute_url(), {"images": file}).status_code == 404


def test_verdicts_can_be_filtered(alice, browser_of):
    source_set = goods.source_set_of(alice)
    browser = browser_of(alice)
    assert "Alice-0.png" in browser.get(source_set.get_absolute_url(), {"verdict": "accepted"}).text
    assert "Alice-0.png" not in browser.get(source_set.get_absolute_url(), {"verdict": "rejected"}).text


def test_htmx_gets_the_intake_alone(alice, browser_of):
    source_set = goods.source_set_of(alice)
    response = browser_of(alice).get(
        source_set.get_absolute_url(), headers={"hx-request": "true", "hx-target": "intake"}
    )
    assert response.text.lstrip().startswith('<div id="intake"')


def test_the_page_asks_again_only_while_images_are_checked(ready, alice, browser_of):
    browser, path = browser_of(alice), ready.get_absolute_url()
    assert "every 2s" not in browser.get(path).text
    Upload.objects.create(source_set=ready, file_name="a.zip", size=1, part_size=1, state="checking")
    assert "every 2s" in browser.get(path).text


def test_a_job_is_submitted(ready, alice, browser_of):
    response = browser_of(alice).post(reverse("job-new", args=[ready.public_id]), ORDER)
    job = GenerationJob.objects.get(owner=alice)
    assert response.headers["Location"] == job.get_absolute_url()
    assert (job.count, job.requested["preset"], job.requested["resolution"]) == (100, "quick", 32)


@pytest.mark.parametrize("change", [{"count": 0}, {"count": 10**9}, {"resolution": 31}, {"preset": "magic"}])
def test_bad_orders_are_refused_at_their_field(ready, alice, browser_of, change):
    response = browser_of(alice).post(reverse("job-new", args=[ready.public_id]), ORDER | change)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == change.keys()
    assert not GenerationJob.objects.exists()


def test_too_few_images_are_explained(ready, alice, browser_of):
    SourceSet.objects.update(usable_count=20)
    response = browser_of(alice).post(reverse("job-new", args=[ready.public_id]), ORDER)
    assert response.status_code == 422
    assert "at least 50" in response.text


def test_labels_are_offered_only_where_there_are_some(ready, alice, browser_of):
    path = reverse("job-new", args=[ready.public_id])
    assert 'name="labels"' in browser_of(alice).get(path).text
    SourceSet.objects.update(label_counts={})
    assert 'name="labels"' not in browser_of(alice).get(path).text


def test_expected_time_follows_the_fields(ready, alice, browser_of):
    path, browser = reverse("job-estimate", args=[ready.public_id]), browser_of(alice)
    quick, best = (browser.get(path, ORDER | {"preset": preset}).text for preset in ("quick", "best"))
    assert quick != best
    assert "Expected time" in quick
    assert "Expected time" not in browser.get(path, {}).text


def test_a_waiting_job_can_be_cancelled(ready, alice, browser_of):
    browser = browser_of(alice)
    browser.post(reverse("job-new", args=[ready.public_id]), ORDER)
    job = GenerationJob.objects.get()
    browser.post(reverse("job-cancel", args=[job.public_id]))
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert "This job was cancelled" in browser.get(job.get_absolute_url()).text


def test_staff_cannot_cancel_for_others(ready, alice, mod, browser_of):
    browser_of(alice).post(reverse("job-new", args=[ready.public_id]), ORDER)
    job = GenerationJob.objects.get()
    assert browser_of(mod).post(reverse("job-cancel", args=[job.public_id])).status_code == 404


def test_a_failed_job_says_why_and_what_to_do(alice, browser_of):
    job = goods.dataset_of(alice, 4).job
    GenerationJob.objects.update(state="failed", reason="Training diverged.")
    text = browser_of(alice).get(job.get_absolute_url()).text
    assert "Training diverged." in text
    assert reverse("job-again", args=[job.public_id]) in text


def test_images_end_where_the_dataset_ends(alice, browser_of):
    dataset, browser = goods.dataset_of(alice, 5), browser_of(alice)
    for name in ("dataset-image", "dataset-image-file"):
        assert browser.get(reverse(name, args=[dataset.public_id, 4])).status_code == 200
        assert browser.get(reverse(name, args=[dataset.public_id, 5])).status_code == 404
    assert browser.get(reverse("dataset-bundle", args=[dataset.public_id, 2])).status_code == 404


def test_the_report_is_read_out(alice, browser_of):
    text = browser_of(alice).get(goods.dataset_of(alice, 5).get_absolute_url()).text
    assert "1.2 times as far" in text
    assert "None of the 80 examined images is a copy" in text


OFFER = goods.NOTHING_TO_ASK | {
    "title": "Generated shirts", "description": "Plain.", "tags": "shirt, red", "price": "9900", "currency": "KRW",
}  # fmt: skip


def test_a_listing_is_made_edited_submitted_and_withdrawn(alice, browser_of):
    browser, dataset = browser_of(alice), goods.dataset_of(alice, 5)
    offer = OFFER | {"licence": goods.licence().pk}
    browser.post(reverse("listing-new", args=[dataset.public_id]), offer)
    listing = Listing.objects.get(seller=alice)
    path = reverse("listing-edit", args=[listing.public_id])
    seen = browser.get(path).context["form"].initial["updated_at"]
    browser.post(path, offer | {"price": "12.5", "currency": "USD", "updated_at": seen})
    assert (listing.latest.price, listing.latest.tags) == (1250, ["shirt", "red"])
    browser.post(reverse("listing-submit", args=[listing.public_id]))
    listing.refresh_from_db()
    assert listing.state == "in_review"
    browser.post(reverse("listing-withdraw", args=[listing.public_id]))
    listing.refresh_from_db()
    assert listing.state == "withdrawn"


def test_two_windows_do_not_overwrite_each_other(draft, alice, browser_of):
    browser, path = browser_of(alice), reverse("listing-edit", args=[draft.public_id])
    offer = OFFER | {"licence": goods.licence().pk, "updated_at": draft.latest.updated_at.isoformat()}
    assert browser.post(path, offer | {"title": "First window"}).status_code == 302
    response = browser.post(path, offer | {"title": "Second window"})
    assert response.status_code == 409
    assert [one.name for one in response.context["differences"]] == ["title"]
    assert "First window" in response.text
    assert 'value="Second window"' in response.text
    assert draft.latest.title == "First window"
    again = response.context["form"].data["updated_at"]
    assert browser.post(path, offer | {"title": "Second window", "updated_at": again}).status_code == 302
    assert draft.latest.title == "Second window"


@pytest.mark.parametrize("change", [{"price": "-1"}, {"price": "99999999999"}, {"price": "9.5"}, {"title": ""}])
def test_bad_offers_are_refused_at_their_field(alice, browser_of, change):
    dataset = goods.dataset_of(alice, 5)
    offer = OFFER | {"licence": goods.licence().pk} | change
    response = browser_of(alice).post(reverse("listing-new", args=[dataset.public_id]), offer)
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == change.keys()
    assert not Listing.objects.exists()
