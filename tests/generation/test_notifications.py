"""What people are told when their jobs end: rows, the top bar, the list, the API, letters."""

import html
import json
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from generation import endings, events, jobs, letters, notifications, privacy, recovery, tickets, tray
from generation.models import GenerationJob, Notification

pytestmark = pytest.mark.django_db

PAGE = "/notifications/"
API = "/api/v1/notifications/"
PANEL = "/jobs/tray/"


def text_of(response) -> str:
    assert response.status_code == 200
    return html.unescape(response.content.decode())


@pytest.fixture
def failed(alice, job_of) -> GenerationJob:
    job = job_of(alice)
    endings.fail(job, "The moon was in the way.")
    return job


@pytest.fixture
def wanted(alice, job_of) -> GenerationJob:
    """A job under way whose end Alice wants to hear of by letter."""
    job = job_of(alice)
    assert notifications.ask_for_letter(job, True)
    return job


@pytest.fixture
def no_queue(monkeypatch):
    monkeypatch.setattr(letters, "put_now", lambda pk: False)


def told_of(job: GenerationJob) -> Notification:
    return Notification.objects.get(job=job)


def speak(user, language: str) -> None:
    type(user).objects.filter(pk=user.pk).update(language=language)


# Rows.


def test_a_person_is_told_of_success_and_failure_and_not_of_what_they_cancelled(alice, job_of, dataset_of, failed):
    endings.cancel(job_of(alice))
    succeeded = dataset_of(alice).job
    told = Notification.objects.values_list("job", "kind", "owner")
    assert set(told) == {(failed.pk, "failed", alice.pk), (succeeded.pk, "succeeded", alice.pk)}


def test_an_end_that_did_not_come_about_is_told_to_nobody(failed):
    assert not endings.fail(failed, "Again.")
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_open_pages_hear_of_it_after_commit(alice, job_of, monkeypatch):
    told = []
    monkeypatch.setattr(events, "send", told.extend)
    job = job_of(alice)
    endings.fail(job, "No.")
    group, message = told[-1]
    assert group == events.owner_group(alice.pk)
    event = {"public_id": str(job.public_id), "kind": "failed"}
    assert message == {"type": "person.notification", "event": event}


def test_a_closed_account_takes_its_notifications_along(alice, charlie, failed, job_of):
    endings.fail(job_of(charlie), "No.")
    (row,) = privacy.export_for(alice)["notifications"]
    assert (row["job__public_id"], row["kind"]) == (failed.public_id, "failed")
    privacy.erase(alice)
    assert [row.owner for row in Notification.objects.all()] == [charlie]


# The top bar.


def test_the_bar_counts_what_runs_and_what_is_unread(alice, charlie, browser_of, job_of, failed):
    job_of(alice), job_of(charlie)
    page = text_of(browser_of(alice).get("/"))
    assert "1 generation job under way" in page
    assert "Notifications, 1 unread" in page
    assert f'data-newest="{Notification.objects.get().pk}"' in page


def test_visitors_get_no_tray_and_no_script_for_it(client, db):
    page = text_of(client.get("/"))
    assert "tray" not in page
    assert "toasts" not in page


def test_the_bar_costs_one_query_however_many_jobs_there_are(alice, job_of, django_assert_num_queries):
    for count in (1, 4):
        for _ in range(count):
            job_of(alice)
            endings.fail(job_of(alice), "No.")
        with django_assert_num_queries(1):
            found = tray.counts(alice)
        assert found.active == found.unread == GenerationJob.objects.filter(state="failed").count()


def test_a_person_without_jobs_has_nothing_in_the_bar(alice):
    assert tray.counts(alice) == tray.Counts(active=0, unread=0, newest=0)


def test_the_panel_shows_how_far_each_job_is(alice, charlie, browser_of, job_of):
    job, waiting, _other = job_of(alice), job_of(alice), job_of(charlie)
    GenerationJob.objects.filter(pk=job.pk).update(state="running", stage="training", started_at=timezone.now())
    job.refresh_from_db()
    events.tick(job, {"fraction": 0.43, "seconds_left": [100, 300]})
    panel = text_of(browser_of(alice).get(PANEL))
    assert panel.count("data-job=") == 2
    assert panel.index(str(job.public_id)) < panel.index(str(waiting.public_id))
    assert 'value="0.43"' in panel
    assert "1.5 to 5 minutes left" in panel


def test_the_panel_brings_what_happened_lately(alice, charlie, browser_of, job_of, failed):
    endings.fail(job_of(charlie), "Not Alice's.")
    panel = text_of(browser_of(alice).get(PANEL))
    assert panel.count('class="toast') == 1
    assert 'data-body="The moon was in the way."' in panel
    Notification.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert 'class="toast' not in text_of(browser_of(alice).get(PANEL))


def test_the_panel_asks_no_more_for_more(alice, browser_of, job_of, django_assert_max_num_queries):
    client, found = browser_of(alice), []
    for _ in range(2):
        for _ in range(3):
            job_of(alice)
            endings.fail(job_of(alice), "No.")
        with django_assert_max_num_queries(8) as asked:
            client.get(PANEL)
        found.append(len(asked))
    assert found[0] == found[1]


def test_the_panel_is_for_whoever_is_signed_in(client, db):
    assert client.get(PANEL).status_code == 302
    assert client.post(PANEL).status_code == 302


# The list.


def test_the_list_says_what_ended_and_why(alice, browser_of, dataset_of, failed):
    dataset_of(alice)
    page = text_of(browser_of(alice).get(PAGE))
    assert "The moon was in the way." in page
    assert "10 images" in page
    assert page.count('class="unread"') == 2
    assert "2 unread" in page


def test_an_empty_list_says_so(alice, browser_of):
    assert "When a generation job of yours ends" in text_of(browser_of(alice).get(PAGE))


def test_one_is_marked_as_read_and_then_all(alice, browser_of, job_of, failed):
    client = browser_of(alice)
    endings.fail(job_of(alice), "No.")
    endings.fail(job_of(alice), "No.")
    assert client.post(f"{PAGE}{told_of(failed).pk}/read/").url == PAGE
    assert Notification.objects.unread().count() == 2
    assert client.post(f"{PAGE}read/").url == PAGE
    assert not Notification.objects.unread().exists()
    assert "You have read everything." in text_of(client.get(PAGE))


@pytest.mark.parametrize("who", ["charlie", "mod"])
def test_nobody_else_reads_or_marks_them(who, request, browser_of, failed):
    client = browser_of(request.getfixturevalue(who))
    assert "The moon" not in text_of(client.get(PAGE))
    assert client.post(f"{PAGE}{told_of(failed).pk}/read/").status_code == 404
    client.post(f"{PAGE}read/")
    assert Notification.objects.unread().count() == 1


@pytest.mark.parametrize("address", [f"{PAGE}read/", f"{PAGE}1/read/"])
def test_marking_takes_a_post(alice, browser_of, address):
    assert browser_of(alice).get(address).status_code == 405


def test_the_list_asks_no_more_for_more(alice, browser_of, job_of, django_assert_max_num_queries):
    client, found = browser_of(alice), []
    client.get(PAGE)
    for _ in range(2):
        for _ in range(3):
            endings.fail(job_of(alice), "No.")
        with django_assert_max_num_queries(10) as asked:
            client.get(PAGE)
        found.append(len(asked))
    assert found[0] == found[1]


def test_the_changing_part_of_the_list_comes_alone(alice, browser_of, failed):
    part = text_of(browser_of(alice).get(PAGE, headers={"HX-Target": "notifications"}))
    assert part.strip().startswith("<section")
    assert "<html" not in part


# What is about no job.

SALE = {"price": 9_900, "currency": "KRW", "earned": 8_910, "version": 2}
ADDRESS = "/studio/sales/11111111-1111-4111-8111-111111111111/"


@pytest.fixture
def sold(alice) -> Notification:
    return notifications.tell(alice.pk, "sale", "Generated <shirts>", ADDRESS, **SALE)


TOLD = {
    "sale": (SALE, "Version 2 was bought for ₩9,900; ₩8,910 of it is yours."),
    "payout": ({"state": "sent", "amount": 8_910, "currency": "KRW"}, "₩8,910 is on its way to your account."),
    "refund": (
        {"amount": 1_250, "currency": "USD", "role": "buyer", "reason": "withdrawal"},
        "$12.50 goes back to you. Reason: withdrawal within seven days.",
    ),
    "decision": ({"outcome": "rejected", "reason": "Blurred."}, "Not approved. The page says what to mend. Blurred."),
    "question": ({"question": "Are there hats & scarves?"}, "Are there hats & scarves?"),
    "answer": ({"answer": "No <hats>."}, "The seller answered: No <hats>."),
    "review": ({"rating": 4, "text": "Fine."}, "Rated 4 of 5. Fine."),
    "new": ({"seller": "Alice", "version": 1}, "Alice offers a new dataset."),
    "price": ({"old": 9_900, "new": 0, "currency": "KRW"}, "Now free; it was ₩9,900."),
    "notice": ({"message": "Mend your profile."}, "Mend your profile."),
}


@pytest.mark.parametrize("kind", TOLD)
def test_each_kind_says_what_happened(alice, browser_of, kind):
    details, sentence = TOLD[kind]
    notifications.tell(alice.pk, kind, "Shirts", "/studio/", **details)
    client = browser_of(alice)
    assert sentence in text_of(client.get(PAGE))
    assert f'data-body="{sentence}"' in text_of(client.get(PANEL))


@pytest.mark.parametrize("kind", [kind for kind in Notification.Kind.values if kind not in ("succeeded", "failed")])
def test_a_kind_told_without_details_breaks_no_page(alice, browser_of, kind):
    notifications.tell(alice.pk, kind, "Shirts", "/studio/")
    assert '<a href="/studio/">Shirts</a>' in text_of(browser_of(alice).get(PAGE))


def test_a_title_is_text_and_no_markup(alice, browser_of, sold):
    client = browser_of(alice)
    for address in (PAGE, PANEL):
        assert "Generated &lt;shirts&gt;" in client.get(address).content.decode()


def test_what_is_about_no_job_is_read_by_its_number(alice, charlie, browser_of, sold, failed):
    assert browser_of(charlie).post(f"{PAGE}{sold.pk}/read/").status_code == 404
    assert browser_of(alice).post(f"{PAGE}{sold.pk}/read/").url == PAGE
    assert list(Notification.objects.unread()) == [told_of(failed)]


def test_opening_the_page_of_what_was_told_reads_it(alice, charlie, sold):
    notifications.seen_at(charlie.pk, ADDRESS)
    assert Notification.objects.unread().count() == 1
    notifications.seen_at(alice.pk, ADDRESS)
    assert not Notification.objects.unread().exists()


def test_the_api_has_a_sentence_and_an_address_and_no_job_for_it(alice, api, sold):
    client = api(alice)
    (row,) = client.get(API).json()["results"]
    assert (row["job"], row["name"], row["reason"], row["urls"]["job"]) == (None, None, None, None)
    assert (row["kind"], row["title"], row["address"]) == ("sale", "Generated <shirts>", ADDRESS)
    assert row["sentence"] == TOLD["sale"][1]
    assert row["urls"]["page"] == f"http://testserver{ADDRESS}"
    assert client.post(row["urls"]["read"]).json()["read_at"]


def test_an_export_says_what_was_told(alice, sold):
    (row,) = privacy.export_for(alice)["notifications"]
    assert (row["title"], row["address"], row["details"]) == ("Generated <shirts>", ADDRESS, SALE)


# The API.


def test_the_api_lists_and_marks(alice, api, job_of, failed):
    client = api(alice)
    endings.fail(job_of(alice), "No.")
    rows = client.get(API).json()["results"]
    assert [row["reason"] for row in rows] == ["No.", "The moon was in the way."]
    answer = client.post(rows[1]["urls"]["read"]).json()
    assert (answer["job"], bool(answer["read_at"])) == (str(failed.public_id), True)
    assert len(client.get(f"{API}?unread=true").json()["results"]) == 1
    assert client.post(f"{API}read/").json() == {"marked": 1}


def test_the_api_refuses_strangers_and_nonsense(alice, charlie, api, client, failed):
    assert api(charlie).get(API).json()["results"] == []
    assert api(charlie).post(f"{API}{told_of(failed).pk}/read/").status_code == 404
    assert api(charlie).post(f"{API}read/").json() == {"marked": 0}
    assert client.get(API).status_code == 401
    assert api(alice, ["read"]).get(API).status_code == 200
    assert api(alice, ["read"]).post(f"{API}read/").status_code == 403
    assert api(alice).get(f"{API}?unread=perhaps").status_code == 400
    assert api(alice).get(f"{API}read/").status_code == 405


def test_the_api_asks_no_more_for_more(alice, api, job_of, django_assert_num_queries):
    client = api(alice)
    client.get(API)
    for count in (1, 4):
        for _ in range(count):
            endings.fail(job_of(alice), "No.")
        with django_assert_num_queries(2):
            client.get(API)


# Asking for a letter.


def test_a_letter_is_asked_for_and_taken_back(alice, browser_of, job_of):
    client, job = browser_of(alice), job_of(alice)
    address = f"{job.get_absolute_url()}letter/"
    for wanted in ("1", ""):
        assert client.post(address, {"wanted": wanted}).url == job.get_absolute_url()
        job.refresh_from_db()
        assert job.mail_when_done is bool(wanted)
    part = text_of(client.post(address, {"wanted": "1"}, headers={"HX-Request": "true"}))
    assert 'aria-pressed="true"' in part
    assert "A letter goes to alice@example.com." in part


@pytest.mark.parametrize("who", ["charlie", "mod"])
def test_nobody_else_asks_for_it(who, request, browser_of, alice, job_of):
    job = job_of(alice)
    client = browser_of(request.getfixturevalue(who))
    assert client.post(f"{job.get_absolute_url()}letter/", {"wanted": "1"}).status_code == 404
    job.refresh_from_db()
    assert not job.mail_when_done


def test_it_is_too_late_once_the_job_has_ended(alice, browser_of, failed):
    client = browser_of(alice)
    address = f"{failed.get_absolute_url()}letter/"
    assert "This job had ended already." in text_of(client.post(address, {"wanted": "1"}, follow=True))
    assert client.get(address).status_code == 405
    failed.refresh_from_db()
    assert not failed.mail_when_done


# Letters.


def test_nobody_gets_a_letter_who_did_not_ask(failed):
    assert not letters.send(Notification.objects.get().pk)
    assert mail.outbox == []


def test_two_workers_send_one_letter(wanted, no_queue, monkeypatch):
    endings.fail(wanted, "The moon was in the way.")
    row = Notification.objects.get()
    real, also = letters.write, []

    def write(claimed):
        # A second worker comes while the first is writing.
        also.append(letters.send(row.pk))
        return real(claimed)

    monkeypatch.setattr(letters, "write", write)
    assert letters.send(row.pk)
    assert also == [False]
    assert not letters.send(row.pk)
    assert len(mail.outbox) == 1


def test_two_claims_of_what_both_have_read_are_one(wanted, no_queue, monkeypatch):
    endings.fail(wanted, "No.")
    row = Notification.objects.get()
    first = letters.claim(row.pk)
    monkeypatch.setattr(letters.Notification.objects, "select_related", lambda *names: frozen(row))
    assert first is not None
    assert letters.claim(row.pk) is None


class frozen:
    """A query whose answer is as old as its row."""

    def __init__(self, row: Notification) -> None:
        self.row = row

    def filter(self, **_fields: object) -> "frozen":
        return self

    def first(self) -> Notification:
        return self.row


WORDS = {
    "en": ("Dataset ready: Bare", "Hello Alice,", "Images: 10", "Time taken: "),
    "ko": ("데이터셋", "Alice 님, 안녕하십니까.", "이미지: 10", "걸린 시간: "),
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_letter_tells_of_success_in_the_readers_language(language, alice, dataset_of, monkeypatch, no_queue):
    speak(alice, language)
    real = jobs.begin
    monkeypatch.setattr(jobs, "begin", lambda **fields: real(**fields | {"mail_when_done": True}))
    dataset = dataset_of(alice)
    assert letters.send(Notification.objects.get().pk)
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    for words in WORDS[language]:
        assert words in letter.subject + letter.body
    ((page, kind),) = letter.alternatives
    assert kind == "text/html"
    assert f'lang="{language}"' in page
    for text in (letter.body, page):
        assert f"http://127.0.0.1:8000/studio/datasets/{dataset.public_id}/" in text
        assert dataset.job.get_absolute_url() in text


def test_a_letter_tells_why_it_failed(wanted, no_queue):
    endings.fail(wanted, "Too <little> memory & disk.")
    letters.send(Notification.objects.get().pk)
    (letter,) = mail.outbox
    assert letter.subject == "Job failed: Bare"
    assert "Too <little> memory & disk." in letter.body
    assert "Too &lt;little&gt; memory &amp; disk." in letter.alternatives[0][0]
    assert "10 asked for" in letter.body


def test_a_letter_that_comes_after_the_dataset_was_deleted_tells_of_success_all_the_same(wanted, no_queue):
    endings.fail(wanted, "")
    Notification.objects.update(kind="succeeded")
    letters.send(Notification.objects.get().pk)
    (letter,) = mail.outbox
    assert letter.subject == "Dataset ready: Bare"
    assert "Images: 10" in letter.body
    assert "Dataset:" not in letter.body


def test_a_letter_waits_until_the_mail_server_is_back(wanted, no_queue, settings):
    endings.fail(wanted, "No.")
    pk = Notification.objects.get().pk
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert not letters.send(pk)
    settings.EMAIL_BACKEND = working
    assert not letters.send(pk), "not before its time"
    with time_machine.travel(timezone.now() + letters.FIRST_RETRY + timedelta(seconds=1)):
        assert letters.send(pk)
    assert len(mail.outbox) == 1
    assert Notification.objects.get().mailed_at is not None


def test_a_mail_server_that_stays_away_is_asked_less_and_less_and_given_up_after_a_day(wanted, no_queue, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    endings.fail(wanted, "No.")
    row, tries = Notification.objects.get(), 0
    while row.mail_due_at:
        with time_machine.travel(row.mail_due_at + timedelta(seconds=1), tick=False):
            letters.send(row.pk)
        row.refresh_from_db()
        tries += 1
    assert 8 <= tries <= 12
    assert row.mailed_at is None


def test_a_letter_that_a_dead_worker_held_comes_up_again(wanted, no_queue, monkeypatch):
    endings.fail(wanted, "No.")
    row = Notification.objects.get()
    assert letters.claim(row.pk)
    monkeypatch.setattr(tickets, "waiting", lambda queue: [])
    put = []
    monkeypatch.setattr(letters, "put_now", lambda pk: put.append(pk) or True)
    assert letters.sweep() == 0
    with time_machine.travel(timezone.now() + letters.FIRST_RETRY + letters.GRACE + timedelta(seconds=1)):
        recovery.sweep()
        assert put == [row.pk]
        assert letters.send(row.pk)


def test_a_closed_account_gets_no_letter(alice, wanted, no_queue):
    endings.fail(wanted, "No.")
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    row = Notification.objects.get()
    assert not letters.send(row.pk)
    row.refresh_from_db()
    assert (row.mail_due_at, mail.outbox) == (None, [])


@pytest.mark.django_db(transaction=True)
def test_a_ticket_is_put_once_and_a_lost_one_again(wanted, valkey):
    queue = tickets.queue_of("short")
    endings.fail(wanted, "No.")
    (ticket,) = [name for name in queue.get_job_ids() if name.startswith("letter")]
    job = queue.fetch_job(ticket)
    assert (job.func_name, job.args) == ("generation.letters.send", [Notification.objects.get().pk])
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        assert letters.sweep() == 0
        queue.empty()
        assert letters.sweep() == 1
    assert queue.get_job_ids() == [ticket]


def test_words_for_scripts_are_plain_json(alice, browser_of):
    panel = text_of(browser_of(alice).get(PANEL))
    words = json.loads(panel.split('id="tray-words" type="application/json">')[1].split("</script>")[0])
    assert words["left"] == "%(time)s left"
    assert set(words["stages"]) == set(GenerationJob.Stage.values)


def test_whoever_opens_the_job_has_read_it(alice, mod, browser_of, failed, django_assert_num_queries):
    browser_of(mod).get(failed.get_absolute_url())
    assert Notification.objects.unread().exists()
    browser_of(alice).get(failed.get_absolute_url())
    assert not Notification.objects.unread().exists()
