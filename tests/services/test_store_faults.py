"""A store that refuses, is silent, lacks what it should have or was set up wrongly: told, and nothing is lost."""

import json

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.core.management import CommandError, call_command

from ganerate import health, preflight
from generation import bucket, source_sets, trials, uploads
from generation.management.commands import prepare_bucket
from generation.tasks import disturbances
from marketplace.purchases import delivery
from tests.marketplace import goods

SILENT = {"endpoint_url": "http://127.0.0.1:9"}
WRONG_KEY = {"secret_key": "wrong"}
NO_BUCKET = {"bucket_name": "none-such"}
RIGHTS = {"owns_rights": True, "no_recognisable_people": True}


@pytest.fixture
def spare(astray):
    """A bucket of its own, as it is when it was just made."""
    name = "spare"
    bucket.client().create_bucket(Bucket=name)
    astray(bucket_name=name)
    yield name
    bucket.remove(bucket.under(trials.PLACE))
    bucket.client().delete_bucket(Bucket=name)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (SILENT, "the store does not answer"),
        (WRONG_KEY, "the store refuses the key, or does not let it do this"),
        (NO_BUCKET, "the store has no such bucket"),
    ],
)
def test_readiness_tells_what_is_wrong(astray, options, word):
    assert health.storage() == "writes, reads, deletes"
    astray(**options)
    with pytest.raises(health.Unwell, match=word):
        health.storage()


@pytest.mark.parametrize(("options", "name"), [(WRONG_KEY, "S3_SECRET_KEY"), (NO_BUCKET, "prepare_bucket")])
def test_the_start_refuses_a_setting_that_the_store_refuses(astray, options, name):
    preflight.refuse_other_store()
    astray(**options)
    with pytest.raises(preflight.NotNow, match=name):
        preflight.refuse_other_store()


def test_the_start_does_not_wait_for_a_silent_store(astray):
    astray(**SILENT)
    preflight.refuse_other_store()


def test_pages_and_calls_say_that_nothing_is_lost(alice, api, browser_of, astray):
    source_set = source_sets.create(alice, "Hats", RIGHTS)
    upload = uploads.begin(source_set, "hats.zip", 100)
    astray(**SILENT)
    address = f"/api/v1/source-sets/{source_set.public_id}/uploads/{upload.public_id}/links/"
    answer = api(alice).post(address, {"numbers": [1]})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "store", "30")
    page = browser_of(alice).get(f"/studio/source-sets/{source_set.public_id}/")
    assert (page.status_code, "nothing is lost" in page.text) == (503, True)


def test_a_click_while_the_store_is_silent_begins_no_delivery(client, alice, bob, astray):
    purchase = goods.bought(bob, goods.published_of(alice))
    address = delivery.link(purchase, "bundle", delivery.bundles(purchase)[0])
    cache.clear()
    astray(**SILENT)
    answer = client.get(address.removeprefix(configured.SITE_URL))
    purchase.refresh_from_db()
    assert (answer.status_code, purchase.delivery_started_at) == (503, None)


def test_an_upload_that_the_store_refused_goes_on_when_it_is_back(alice, astray, settings):
    upload = uploads.begin(source_sets.create(alice, "Hats", RIGHTS), "hats.zip", 4)
    uploads.put_part(upload, 1, b"hats")
    well = settings.STORAGES
    astray(**WRONG_KEY)
    with pytest.raises(trials.FAULTS):
        uploads.complete(upload)
    settings.STORAGES = well
    assert uploads.complete(upload).state == "checking"


def test_work_waits_for_a_silent_store_and_not_for_a_missing_file(astray):
    with pytest.raises(FileNotFoundError) as lost:
        bucket.read("nowhere/at-all", 0, 10)
    astray(**SILENT)
    with pytest.raises(trials.FAULTS) as silent:
        bucket.read("nowhere/at-all", 0, 10)
    assert (disturbances.passes(lost.value), disturbances.passes(silent.value)) == (False, True)


def test_a_bucket_is_made_set_up_and_tried(astray, capsys):
    astray(bucket_name="made-anew")
    call_command("prepare_bucket")
    told = capsys.readouterr().out
    assert "FAILED" not in told
    assert f"is ready for {configured.SITE_URL}" in told
    rules = bucket.client().get_bucket_lifecycle_configuration(Bucket="made-anew")["Rules"]
    assert {rule["ID"] for rule in rules} == {"ganerate-unfinished", "ganerate-tried"}
    bucket.client().delete_bucket(Bucket="made-anew")


def test_rules_that_others_made_are_kept(spare):
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://other.example"], "AllowedMethods": ["GET"]}
    bucket.client().put_bucket_cors(Bucket=spare, CORSConfiguration={"CORSRules": [theirs]})
    for _again in range(2):
        prepare_bucket.share()
    rules = bucket.client().get_bucket_cors(Bucket=spare)["CORSRules"]
    assert sorted(rule["ID"] for rule in rules) == ["ganerate", "theirs"]


def test_a_bucket_that_takes_nothing_from_browsers_is_told(spare, capsys):
    with pytest.raises(CommandError, match=r"can't be used yet"):
        call_command("prepare_bucket", "--check")
    assert "a browser would not send" in capsys.readouterr().out
    with pytest.raises(health.Unwell, match="CORS"):
        health.uploads()


def test_a_public_bucket_is_told(spare, capsys):
    prepare_bucket.share()
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{spare}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    bucket.client().put_bucket_policy(Bucket=spare, Policy=policy)
    with pytest.raises(CommandError):
        call_command("prepare_bucket", "--check")
    assert "the bucket is public" in capsys.readouterr().out
