"""Operations: how the work stands, for staff who run the site, and what they may do with other people's jobs."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils import timezone

from generation import claims, endings, jobs, workers
from generation.models import GenerationJob, JobTask, Notification, Upload
from marketplace.accounts.models import User

from .test_health import NOWHERE, register

pytestmark = pytest.mark.usefixtures("db")
URL = "/admin/generation/generationjob/work/"
WHY = {"why": "It kept the machine busy for nothing."}


@pytest.fixture
def dora(alice) -> User:
    """Runs the site."""
    dora = User.objects.create_user("dora@example.com", "x", name="Dora", language="en", is_staff=True)
    dora.groups.add(Group.objects.get(name="Operators"))
    return dora


@pytest.fixture
def page(browser_of, dora, valkey):
    """page() is the text of Operations, its white space made one."""

    def read() -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", browser_of(dora).get(URL).content.decode()).split())

    return read


def address(job: GenerationJob, deed: str) -> str:
    return f"/admin/generation/generationjob/{job.public_id}/{deed}/"


def failed(job: GenerationJob) -> GenerationJob:
    endings.fail(job, "It is over.", traceback='Traceback\n  File "x.py"\nMemoryError: 8 GB')
    return job


def test_it_tells_what_waits_and_what_runs(alice, bob, job_of, page):
    job_of(alice)
    claims.claim("training", "gpu-7:4711")
    job_of(bob)
    JobTask.objects.filter(state="queued").update(created_at=timezone.now() - timedelta(minutes=40))
    text = page()
    assert "training 1 40 minutes 0 1 0 0" in text
    assert "gpu-7:4711" in text
    assert re.search(r"gpu-7:4711 \d+ s left", text)
    assert "Alice" in text
    assert "Bob" in text


def test_a_lease_that_is_over_is_told(alice, job_of, page):
    job_of(alice)
    claims.claim("training", "gpu-7:4711")
    JobTask.objects.update(lease_until=timezone.now() - timedelta(seconds=8))
    assert "over for 8 s" in page()


def test_workers_are_told_with_their_last_heartbeat(page, valkey):
    register("training")
    register("short")
    valkey.hset("rq:worker:short@host:1", "last_heartbeat", "2026-11-21T00:00:00.000000Z")
    text = page()
    assert re.search(r"training@host:1 idle, heard \d s ago", text)
    assert re.search(r"short@host:1 silent for \d+ s", text)
    assert "No worker is running for sampling, short:" in text


def test_without_valkey_it_says_so_and_tells_the_rest(alice, job_of, page, monkeypatch):
    monkeypatch.setattr("django_rq.settings.QUEUES", dict.fromkeys(workers.QUEUES, NOWHERE))
    job_of(alice)
    text = page()
    assert "Valkey does not answer" in text
    assert "No worker is running" not in text
    assert "Alice" in text


def test_failures_come_with_their_reason_and_their_traceback(alice, job_of, page):
    failed(job_of(alice))
    text = page()
    assert "It is over." in text
    assert "MemoryError: 8 GB" in text
    assert "File &quot;x.py&quot;" in text


def test_what_will_be_tried_again_is_told(alice, job_of, page):
    job_of(alice)
    claims.claim("training", "gpu-7:4711").fail("Traceback\nValueError: odd")
    text = page()
    assert "Tasks to be tried again" in text
    assert "ValueError: odd" in text
    assert "1 failure" in text


def test_uploads_that_failed_are_told(alice, bare_set, page):
    fields = {"file_name": "coats.zip", "size": 1, "part_size": 1, "state": "failed", "reason": "It is damaged."}
    upload = Upload.objects.create(source_set=bare_set(alice), **fields)
    JobTask.objects.create(upload=upload, kind="intake", queue="short", state="failed", last_error="BadZipFile")
    text = page()
    assert "coats.zip" in text
    assert "It is damaged." in text


def test_it_renews_its_changing_part_alone(browser_of, dora, valkey):
    part = browser_of(dora).get(URL, headers={"X-Part": "work"}).content.decode()
    assert "Jobs by state" in part
    assert "<html" not in part


def test_it_is_korean_for_whoever_reads_korean(browser_of, dora, valkey):
    dora.language = "ko"
    dora.save()
    assert 'lang="ko"' in browser_of(dora).get(URL).content.decode()


def test_only_who_runs_the_site_gets_in(browser_of, client, alice, charlie, job_of, valkey):
    job = job_of(alice)
    charlie.is_staff = True
    charlie.save()
    charlie.groups.add(Group.objects.get(name="Moderators"))
    for path in (URL, address(job, "cancel"), address(job, "again")):
        assert client.get(path).status_code == 302
        assert browser_of(alice).get(path).status_code == 302
        assert browser_of(charlie).get(path).status_code == 403
        assert browser_of(charlie).post(path, WHY).status_code in (403, 405)
    job.refresh_from_db()
    assert job.state == "queued"


def test_who_may_only_look_is_offered_no_button(browser_of, dora, alice, job_of, valkey):
    job = job_of(alice)
    group = Group.objects.get(name="Operators")
    group.permissions.remove(group.permissions.get(codename="change_generationjob"))
    assert address(job, "cancel") not in browser_of(dora).get(URL).content.decode()
    assert browser_of(dora).post(address(job, "cancel"), WHY).status_code == 403


def test_it_is_linked_from_the_index_for_who_may_see_it(browser_of, dora, charlie):
    assert URL in browser_of(dora).get("/admin/").content.decode()
    charlie.is_staff = True
    charlie.save()
    assert URL not in browser_of(charlie).get("/admin/").content.decode()


def test_nothing_is_posted_to_it(browser_of, dora):
    assert browser_of(dora).post(URL).status_code == 405


def test_cancelling_asks_first_and_leaves_a_line(browser_of, dora, alice, job_of, valkey):
    job, browser = job_of(alice), browser_of(dora)
    assert "Cancel the job" in browser.get(address(job, "cancel")).content.decode()
    job.refresh_from_db()
    assert job.state == "queued"
    answer = browser.post(address(job, "cancel"), WHY, follow=True).content.decode()
    job.refresh_from_db()
    assert job.state == "cancelled"
    line = LogEntry.objects.get()
    assert (line.user, line.object_id) == (dora, str(job.pk))
    assert line.change_message == f"Cancelled. {WHY['why']}"
    assert WHY["why"] in answer
    assert WHY["why"] in browser.get(f"/admin/generation/generationjob/{job.pk}/history/").content.decode()


def test_the_owner_is_told_why_staff_cancelled(browser_of, dora, alice, job_of, valkey):
    job = job_of(alice)
    browser_of(dora).post(address(job, "cancel"), WHY)
    told = Notification.objects.get(owner=alice)
    assert (told.kind, told.address) == ("decision", job.get_absolute_url())
    assert WHY["why"] in told.details["reason"]
    assert WHY["why"] in browser_of(alice).get(job.get_absolute_url()).content.decode()


def test_cancelling_needs_a_reason(browser_of, dora, alice, job_of):
    job = job_of(alice)
    for why in ("", "  ", "x" * 301):
        answer = browser_of(dora).post(address(job, "cancel"), {"why": why})
        assert "errorlist" in answer.content.decode()
    job.refresh_from_db()
    assert job.state == "queued"
    assert not LogEntry.objects.exists()


def test_a_running_job_is_asked_to_stop(browser_of, dora, alice, job_of, valkey):
    job = job_of(alice)
    GenerationJob.objects.update(state="running")
    browser_of(dora).post(address(job, "cancel"), WHY)
    job.refresh_from_db()
    assert (job.state, job.stop_intent) == ("stopping", "discard")


def test_a_job_that_has_ended_is_not_cancelled(browser_of, dora, alice, job_of, valkey):
    job = failed(job_of(alice))
    assert "has ended already" in browser_of(dora).get(address(job, "cancel")).content.decode()
    answer = browser_of(dora).post(address(job, "cancel"), WHY, follow=True)
    assert "has ended already" in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_a_failed_job_is_started_again_for_its_owner(browser_of, dora, alice, job_of, valkey):
    job = failed(job_of(alice))
    browser_of(dora).post(address(job, "again"), WHY)
    new = GenerationJob.objects.get(state="queued")
    assert (new.owner, new.parent, new.count, new.origin) == (alice, job, job.count, "again")
    assert str(new.public_id) in LogEntry.objects.get().change_message


def test_it_is_started_again_once(browser_of, dora, alice, job_of, valkey):
    job = failed(job_of(alice))
    for _ in range(2):
        answer = browser_of(dora).post(address(job, "again"), WHY, follow=True)
    assert "was started again already" in answer.content.decode()
    assert GenerationJob.objects.filter(parent=job).count() == 1


def test_a_job_that_did_not_fail_is_not_started_again(browser_of, dora, alice, job_of, valkey):
    answer = browser_of(dora).post(address(job_of(alice), "again"), WHY, follow=True)
    assert "Only a job that failed or was cancelled" in answer.content.decode()
    assert GenerationJob.objects.count() == 1


def test_limits_of_the_owner_hold_for_staff_too(browser_of, dora, alice, job_of, settings, valkey):
    job = failed(job_of(alice))
    job_of(alice)
    settings.MAX_ACTIVE_JOBS = 1
    answer = browser_of(dora).post(address(job, "again"), WHY, follow=True).content.decode()
    assert 'class="error"' in answer
    assert not GenerationJob.objects.filter(parent=job).exists()


@pytest.mark.parametrize("deed", ["cancel", "again"])
def test_a_job_that_is_not_there(browser_of, dora, alice, deed):
    missing = f"/admin/generation/generationjob/{alice.public_id}/{deed}/"
    assert browser_of(dora).get(missing).status_code == 404


def test_the_page_of_a_job_offers_what_can_be_done(browser_of, dora, alice, job_of, valkey):
    job = job_of(alice)
    page = browser_of(dora).get(f"/admin/generation/generationjob/{job.pk}/change/").content.decode()
    assert address(job, "cancel") in page
    assert address(job, "again") not in page
    failed(job)
    page = browser_of(dora).get(f"/admin/generation/generationjob/{job.pk}/change/").content.decode()
    assert address(job, "again") in page
    assert "MemoryError" in page


LISTS = ["generationjob", "jobtask", "jobevent", "notification", "sourceset", "generator", "dataset"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_can_be_searched_and_are_only_read(browser_of, dora, alice, dataset_of, name, valkey):
    dataset_of(alice)
    browser, path = browser_of(dora), f"/admin/generation/{name}/"
    assert browser.get(path, {"q": "alice"}).status_code == 200
    assert browser.get(f"{path}add/").status_code == 403
    assert browser.post(path, {"action": "delete_selected", "_selected_action": [1]}).status_code in (200, 302, 403)
    assert JobTask.objects.exists()


@pytest.mark.parametrize("path", [URL, *(f"/admin/generation/{name}/" for name in LISTS)])
def test_more_rows_ask_no_more_queries(browser_of, dora, alice, bob, job_of, path, valkey, count_queries):
    browser = browser_of(dora)
    furnish(alice, job_of)
    browser.get(path)
    few = count_queries(lambda: browser.get(path))
    for owner in (alice, bob, bob):
        furnish(owner, job_of)
    assert count_queries(lambda: browser.get(path)) == few


@pytest.fixture
def count_queries(django_assert_max_num_queries):
    def count(act) -> int:
        with django_assert_max_num_queries(40) as seen:
            act()
        return len(seen)

    return count


def furnish(owner, job_of) -> None:
    """One that failed, one that runs, one that waits to be tried again."""
    failed(job_of(owner))
    for fails in (False, True):
        job_of(owner)
        claim = claims.claim("training", "host:1")
        if fails:
            claim.fail("Traceback\nValueError: odd")
    jobs.cancel(job_of(owner))


def test_ten_thousand_tasks_ask_no_more_queries(browser_of, dora, alice, job_of, valkey, count_queries):
    job, browser = job_of(alice), browser_of(dora)
    shards = [JobTask(job=job, kind="sample", queue="sampling", first=n, count=1) for n in range(10_000)]
    JobTask.objects.bulk_create(shards[:1])
    browser.get(URL)
    pages = (URL, f"/admin/generation/generationjob/{job.pk}/change/")
    few = [count_queries(lambda page=page: browser.get(page)) for page in pages]
    JobTask.objects.bulk_create(shards[1:], batch_size=1000)
    assert [count_queries(lambda page=page: browser.get(page)) for page in pages] == few
    assert len(browser.get(pages[1]).content) < 100_000
