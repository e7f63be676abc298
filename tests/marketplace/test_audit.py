import threading
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from marketplace.moderation import audit
from marketplace.moderation.decisions import decide
from marketplace.moderation.models import AuditEntry, AuditHead

pytestmark = pytest.mark.django_db

stays_whole = import_module("marketplace.moderation.migrations.0010_audit_trail_stays_whole")
REPLACE = """
    INSERT OR REPLACE INTO moderation_auditentry
    SELECT id, number, at, action, subject, before, after, 'because', previous, digest, actor_id
    FROM moderation_auditentry
    """


@pytest.fixture
def trail(mod):
    return [audit.note(mod, "listing.suspend", f"listing:{number}", why="신고 때문에") for number in range(4)]


@pytest.fixture
def unguarded(db):
    """As somebody who owns the database and drops the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER audit_is_final ON moderation_auditentry")
        else:
            cursor.execute("DROP TRIGGER audit_is_final_update")
            cursor.execute("DROP TRIGGER audit_is_final_delete")
            cursor.execute("DROP TRIGGER audit_stays_whole")


def verify(capsys, *options: str) -> str:
    call_command("verify_audit", *options)
    return capsys.readouterr().out


def test_each_row_hashes_the_one_before(trail, capsys):
    assert [entry.previous for entry in trail[1:]] == [entry.digest for entry in trail[:-1]]
    assert verify(capsys).startswith(f"4 rows, unbroken. Keep this elsewhere: 4:{trail[-1].digest}")


@pytest.mark.parametrize("act", [lambda rows: rows.update(why="nothing"), lambda rows: rows.delete()])
def test_the_database_refuses_to_change_it(trail, act):
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        act(AuditEntry.objects.filter(pk=trail[1].pk))


def test_no_statement_gets_around_that(trail):
    """Not even those that tell no trigger of each row."""
    if connection.vendor == "postgresql":
        stays_whole.create(None, connection.schema_editor())
        connection.check_constraints()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE moderation_auditentry" if connection.vendor == "postgresql" else REPLACE)
    assert AuditEntry.objects.count() == len(trail)


@pytest.mark.parametrize("statement", ["UPDATE {} SET number = 2", "DELETE FROM {}"])
def test_an_end_that_was_moved_is_named(trail, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement.format(AuditHead._meta.db_table))
    with pytest.raises(CommandError, match="The end of the chain"):
        call_command("verify_audit")


def test_a_row_that_was_put_in_is_named(trail):
    AuditEntry.objects.create(
        number=5,
        at=timezone.now(),
        action="listing.restore",
        subject="listing:1",
        previous=trail[3].digest,
        digest="f" * 64,
    )
    with pytest.raises(CommandError, match="Row 5: its content was changed"):
        call_command("verify_audit")


@pytest.mark.parametrize(
    "changed",
    [{"why": "because"}, {"actor": None}, {"after": {"state": "x"}}, {"subject": "listing:9"}, {"action": "nothing"}],
)
def test_a_changed_row_is_named(trail, unguarded, changed):
    AuditEntry.objects.filter(pk=trail[1].pk).update(**changed)
    with pytest.raises(CommandError, match="Row 2: its content was changed"):
        call_command("verify_audit")


def test_a_missing_row_is_named(trail, unguarded):
    AuditEntry.objects.filter(pk=trail[1].pk).delete()
    with pytest.raises(CommandError, match="row 2 before it is missing"):
        call_command("verify_audit")


def test_a_missing_end_is_named(trail, unguarded):
    AuditEntry.objects.filter(pk=trail[3].pk).delete()
    with pytest.raises(CommandError, match="Row 4: it is missing"):
        call_command("verify_audit")


def test_a_chain_that_was_written_anew_does_not_go_through_a_noted_end(trail, unguarded, mod):
    noted = f"4:{trail[3].digest}"
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    for number in range(5):
        audit.note(mod, "listing.restore", f"listing:{number}")
    call_command("verify_audit")
    with pytest.raises(CommandError, match="Row 4: it is another one than was noted"):
        call_command("verify_audit", f"--noted={noted}")
    with pytest.raises(CommandError, match="--noted takes"):
        call_command("verify_audit", "--noted=4")


def test_what_is_rolled_back_leaves_no_row(mod):
    with transaction.atomic():
        audit.note(mod, "listing.suspend", "listing:1")
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_a_decision_is_written_with_before_after_and_why(mod, published, capsys):
    decide(published.current, mod, "suspend", "copies", "Too close.")
    entry = AuditEntry.objects.latest("number")
    assert (entry.actor, entry.action, entry.why) == (mod, "listing.suspend", "copies: Too close.")
    assert (entry.before["state"], entry.after["state"]) == ("published", "suspended")
    assert entry.subject == f"listings.listing:{published.public_id}"
    verify(capsys)


def test_what_the_admin_changes_by_its_own_forms_is_written_too(browser_of, mod, alice):
    form = {"email": alice.email, "name": "Alice A.", "language": "en", "time_zone": "Asia/Seoul", "is_active": "on"}
    browser_of(mod).post(f"/admin/accounts/user/{alice.pk}/change/", form)
    entry = AuditEntry.objects.get(action="admin.changed")
    assert (entry.actor, entry.subject) == (mod, f"accounts.user:{alice.pk}")
    assert "Alice" not in str(entry.after)


def test_looking_at_private_source_images_is_written_once(browser_of, mod, submitted):
    for _time in range(2):
        browser_of(mod).get(f"/admin/moderation/review/{submitted.public_id}/")
    assert AuditEntry.objects.filter(action="sources.seen", actor=mod).count() == 1


def test_the_trail_is_read_and_never_written_in_the_admin(browser_of, mod, trail):
    browser = browser_of(mod)
    assert browser.get("/admin/moderation/auditentry/").status_code == 200
    assert "신고" in browser.get(f"/admin/moderation/auditentry/{trail[0].pk}/change/").content.decode()
    assert browser.post(f"/admin/moderation/auditentry/{trail[0].pk}/change/", {"why": "x"}).status_code == 403
    assert browser.get("/admin/moderation/auditentry/add/").status_code == 403
    assert browser.get(f"/admin/moderation/auditentry/{trail[0].pk}/delete/").status_code == 403


@pytest.mark.usefixtures("committed")
def test_writers_at_once_make_one_chain(mod, capsys):
    start = threading.Barrier(4)

    def write() -> None:
        start.wait()
        for number in range(5):
            audit.note(mod, "listing.suspend", f"listing:{number}")
        connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(capsys).startswith("20 rows, unbroken.")
