"""The draft of a choice, its page and its calls. Measures are written by hand here: nothing was trained."""

import pytest

from generation import bitmaps, curation, jobs, measures
from generation.curation import CurationRefused
from generation.measures import MEASURES
from generation.models import Curation, CurationStep, Dataset, GenerationJob

from .columns import write

ARTEFACT, ALIKE, SOURCE = (MEASURES[name] for name in ("artefact", "alike", "source"))


@pytest.fixture
def measured(alice, dataset_of) -> Dataset:
    """Ten images: the later one comes, the closer to a source and the likelier broken; 7 is like 2, 9 like 7."""
    dataset = dataset_of(alice, 10)
    near, broken = [2.0 - n / 10 for n in range(10)], [n / 5 for n in range(10)]
    apart = [float("inf"), *(3.0,) * 6, 0.5, 3.0, 0.7]
    twins = [0, 0, 0, 0, 0, 0, 0, 2, 0, 7]
    write(dataset, (near, near), (apart, apart), (broken, [-score for score in broken]), twins)
    return dataset


def gone(dataset: Dataset) -> list[int]:
    return bitmaps.numbers(curation.rejected(dataset))


def test_what_is_rejected_can_be_kept_again_and_each_step_undone(alice, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [3, 5, 9])
    curation.keep(dataset, [5])
    assert gone(dataset) == [3, 9]
    curation.undo(dataset)
    assert gone(dataset) == [3, 5, 9]
    curation.undo(dataset)
    assert gone(dataset) == []
    with pytest.raises(CurationRefused, match="nothing to undo"):
        curation.undo(dataset)


def test_a_choice_that_changes_nothing_is_no_step(alice, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [3])
    curation.reject(dataset, [3])
    curation.undo(dataset)
    assert gone(dataset) == []


def test_a_million_images_take_one_small_row_and_few_steps(alice, dataset_of):
    dataset = dataset_of(alice, 10)
    Dataset.objects.update(count=1_000_000)
    dataset.refresh_from_db()
    for first in range(curation.STEPS + 5):
        curation.reject(dataset, range(first, 1_000_000, 50_000))
    row = Curation.objects.get()
    assert (row.count, CurationStep.objects.count()) == (20 * 105, curation.STEPS)
    assert len(row.rejected) < 10_000
    assert max(len(step.changed) for step in CurationStep.objects.all()) < 1_000


@pytest.mark.parametrize("numbers", [[-1], [10], [3, 10]])
def test_only_images_of_the_dataset_can_be_named(alice, dataset_of, numbers):
    dataset = dataset_of(alice, 10)
    with pytest.raises(CurationRefused, match="numbered from 0 to 9"):
        curation.reject(dataset, numbers)
    assert gone(dataset) == []


@pytest.mark.parametrize(
    ("measure", "threshold", "expected"),
    [(ARTEFACT, 1.5, [8, 9]), (ARTEFACT, 9.0, []), (SOURCE, 1.35, [7, 8, 9]), (ALIKE, 0.6, [7]), (ALIKE, 1.0, [7, 9])],
)
def test_a_threshold_rejects_what_lies_beyond_it_and_says_how_many_before(measured, measure, threshold, expected):
    found = curation.beyond(measured, measure, threshold)
    assert (found.count, sorted(found.new)) == (len(expected), expected)
    assert curation.reject_beyond(measured, measure, threshold) == len(expected)
    assert gone(measured) == expected
    assert curation.beyond(measured, measure, threshold).new == []


def test_the_last_of_its_kind_is_not_rejected_as_a_twin(measured):
    curation.reject(measured, [2])
    assert curation.beyond(measured, ALIKE, 0.6).new == []
    curation.reject(measured, [7])
    assert curation.beyond(measured, ALIKE, 1.0).new == []


def test_bulk_choices_can_be_undone_too(measured):
    curation.reject(measured, [0])
    curation.reject_beyond(measured, ARTEFACT, 1.5)
    curation.undo(measured)
    assert gone(measured) == [0]


def page_of(dataset: Dataset) -> str:
    return f"{dataset.get_absolute_url()}curate/"


def test_the_draft_is_there_again_on_another_device(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    browser_of(alice).post(page_of(dataset), {"do": "page", "shown": "0,1,2,3", "rejected": ["1", "3"]})
    page = browser_of(alice).get(page_of(dataset)).content.decode()
    assert "2 of 10 rejected" in page
    assert page.count(" checked>") == 2


def test_a_page_sent_as_a_whole_leaves_other_pages_alone(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [1, 8])
    browser_of(alice).post(page_of(dataset), {"do": "page", "shown": "0,1,2,3", "rejected": ["2"]})
    assert gone(dataset) == [2, 8]


def test_a_script_is_told_where_things_stand(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    sent = {"do": "reject", "image": "4", "shown": "3,4,5"}
    answer = browser_of(alice).post(page_of(dataset), sent, headers={"X-Part": "curation"})
    assert answer.json() == {"count": 1, "rejected": [4], "undoable": True, "text": "1 of 10 rejected"}
    refused = browser_of(alice).post(page_of(dataset), sent | {"image": "44"}, headers={"X-Part": "curation"})
    assert (refused.status_code, refused.json()["error"]) == (422, "Images are numbered from 0 to 9.")


def test_a_threshold_is_counted_before_it_is_used(alice, browser_of, measured):
    client = browser_of(alice)
    page = client.post(page_of(measured), {"do": "artefact", "artefact": "1.5", "counted": "1"}, follow=True)
    assert "Look first at what this threshold would reject" in page.content.decode()
    assert "2 of 10 images lie beyond it, 2 not rejected yet" in page.content.decode()
    assert gone(measured) == []
    page = client.post(page_of(measured), {"do": "artefact", "artefact": "1.5", "counted": "1.5"}, follow=True)
    assert "2 images were rejected" in page.content.decode()
    assert gone(measured) == [8, 9]


def test_the_count_alone_is_sent_while_a_threshold_is_typed(alice, browser_of, measured):
    part = browser_of(alice).get(f"{page_of(measured)}?source=1.35", headers={"HX-Target": "beyond-source"})
    assert "3 of 10 images lie beyond it" in part.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize(
    ("order", "first"), [("number", 0), ("artefact", 9), ("source", 9), ("alike", 7), ("nonsense", 0)]
)
def test_images_come_in_the_order_asked_for(alice, browser_of, measured, order, first):
    page = browser_of(alice).get(f"{page_of(measured)}?order={order}")
    assert page.context["tiles"][0].number == first
    assert len(page.context["tiles"]) == 10


def test_an_image_is_shown_beside_the_one_that_it_is_like(alice, browser_of, measured):
    page = browser_of(alice).get(f"{page_of(measured)}?order=alike")
    assert [(tile.number, tile.twin) for tile in page.context["tiles"][:2]] == [(7, 2), (9, 7)]
    assert page.context["tiles"][-1].twin is None
    assert browser_of(alice).get(page_of(measured)).context["tiles"][7].twin is None


@pytest.mark.parametrize("question", ["artefact=nan", "artefact=1e999", "source=-3", "alike=x", "page=0", "order=%00"])
def test_odd_questions_are_answered(alice, browser_of, measured, question):
    assert browser_of(alice).get(f"{page_of(measured)}?{question}").status_code == 200


@pytest.mark.parametrize(
    "sent", [{}, {"do": "destroy"}, {"do": "reject", "image": "one"}, {"do": "reject", "image": "-1"}, {"do": "undo"},
             {"do": "artefact"}, {"do": "finish"}],
)  # fmt: skip
def test_a_choice_that_makes_no_sense_changes_nothing_and_says_why(alice, browser_of, dataset_of, sent):
    dataset = dataset_of(alice, 10)
    page = browser_of(alice).post(page_of(dataset), sent, follow=True)
    assert page.status_code == 200
    assert [str(message) for message in page.context["messages"]]
    assert gone(dataset) == []
    assert GenerationJob.objects.count() == 1


def test_only_the_owner_chooses(alice, charlie, mod, api, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    for person in (charlie, mod):
        assert browser_of(person).get(page_of(dataset)).status_code == 404
        assert browser_of(person).post(page_of(dataset), {"do": "reject", "image": "1"}).status_code == 404
        assert api(person).patch(call(dataset), {"reject": [1]}, format="json").status_code == 404
        assert api(person).get(call(dataset)).status_code == 404
        assert api(person).post(call(dataset)).status_code == 404
    assert browser_of(alice).delete(page_of(dataset)).status_code == 405
    assert gone(dataset) == []


def test_measuring_is_asked_for_once_and_shown_while_it_runs(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    for _ in range(2):
        page = browser_of(alice).post(page_of(dataset), {"do": "measure"}, follow=True)
    assert "All images are being measured" in page.content.decode()
    assert dataset.job.tasks.filter(kind="measure").count() == 1
    task = measures.task_of(dataset)
    assert (task.queue, task.state) == ("sampling", "queued")


def test_a_page_asks_no_more_for_more_images(alice, browser_of, dataset_of, django_assert_max_num_queries):
    client, asked = browser_of(alice), []
    for count in (4, 10_000):
        dataset = dataset_of(alice, 4)
        Dataset.objects.filter(pk=dataset.pk).update(count=count)
        dataset.refresh_from_db()
        values = [1.5 + number / count for number in range(count)]
        write(dataset, (values, values), (values, values), (values, values), [0] * count)
        curation.reject(dataset, range(0, count, 2))
        client.get(page_of(dataset))
        with django_assert_max_num_queries(20) as found:
            client.get(page_of(dataset))
        asked.append(len(found))
    assert asked[0] == asked[1]


def call(dataset: Dataset) -> str:
    return f"/api/v1/datasets/{dataset.public_id}/curation/"


def test_a_program_chooses_too(alice, api, measured):
    client = api(alice)
    client.patch(call(measured), {"reject": [1, 2, 3]}, format="json")
    client.patch(call(measured), {"keep": [2]}, format="json")
    assert client.get(f"{call(measured)}?by=artefact&threshold=1.5").json()["beyond"] == {"count": 2, "new": 2}
    answer = client.patch(call(measured), {"by": "artefact", "threshold": 1.5}, format="json").json()
    assert (answer["rejected"], answer["rejected_count"], answer["measured"]) == ([1, 3, 8, 9], 4, "yes")
    assert client.patch(call(measured), {"undo": True}, format="json").json()["rejected"] == [1, 3]
    assert client.patch(call(measured), {"keep_all": True}, format="json").json()["rejected"] == []


def test_the_rejected_come_by_windows(alice, api, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [0, 4, 5, 9])
    first = api(alice).get(f"{call(dataset)}?count=5").json()
    assert (first["rejected"], first["previous"]) == ([0, 4], None)
    second = api(alice).get(first["next"]).json()
    assert (second["rejected"], second["next"]) == ([5, 9], None)


@pytest.mark.parametrize(
    "sent",
    [{}, {"reject": [1], "undo": True}, {"reject": "all"}, {"reject": [99]}, {"by": "artefact"}, {"threshold": 1},
     {"by": "beauty", "threshold": 1}, {"undo": True}, {"undo": False}],
)  # fmt: skip
def test_a_program_is_told_what_is_wrong(alice, api, measured, sent):
    answer = api(alice).patch(call(measured), sent, format="json")
    assert answer.status_code == 400, answer.json()
    assert gone(measured) == []


def test_thresholds_need_measures(alice, api, dataset_of):
    dataset = dataset_of(alice, 10)
    answer = api(alice).patch(call(dataset), {"by": "artefact", "threshold": 1}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_measured")
    assert api(alice).patch(call(dataset), {"measure": True}, format="json").json()["measured"] == "waiting"


def test_finishing_makes_a_job_and_leaves_the_draft(alice, api, dataset_of):
    dataset = dataset_of(alice, 10)
    refused = api(alice).post(call(dataset))
    assert (refused.status_code, "Reject at least one image" in str(refused.json())) == (400, True)
    curation.reject(dataset, [1, 3])
    answer = api(alice).post(call(dataset), {"mail_when_done": True}, format="json")
    assert answer.status_code == 201
    job = GenerationJob.objects.get(public_id=answer.json()["id"])
    assert (answer.json()["origin"], job.parent, job.refinement.count, job.mail_when_done) == (
        "refined",
        dataset.job,
        2,
        True,
    )
    assert gone(dataset) == [1, 3]


def test_a_double_click_makes_one_job_and_another_choice_another(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [1, 3])
    first, second = (browser_of(alice).post(page_of(dataset), {"do": "finish"})["Location"] for _ in range(2))
    assert first == second
    curation.reject(dataset, [4])
    assert browser_of(alice).post(page_of(dataset), {"do": "finish"})["Location"] != first
    jobs.cancel(GenerationJob.objects.filter(origin="refined").latest("pk"))
    assert browser_of(alice).post(page_of(dataset), {"do": "finish"})["Location"] != first
    assert GenerationJob.objects.filter(origin="refined").count() == 3


def test_the_page_leads_to_the_job(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 10)
    curation.reject(dataset, [1, 3])
    answer = browser_of(alice).post(page_of(dataset), {"do": "finish"})
    job = GenerationJob.objects.get(origin="refined")
    assert answer["Location"] == job.get_absolute_url()
    assert "A refined dataset is being made" in browser_of(alice).get(page_of(dataset)).content.decode()
    assert "replaces rejected images" in browser_of(alice).get(job.get_absolute_url()).content.decode()


def test_at_least_one_image_must_stay(alice, browser_of, dataset_of):
    dataset = dataset_of(alice, 4)
    curation.reject(dataset, range(4))
    page = browser_of(alice).post(page_of(dataset), {"do": "finish"}, follow=True)
    assert "Keep at least one image" in page.content.decode()
