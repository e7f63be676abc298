from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from generation import bucket, trials

# Rules of ours begin with it; others that the bucket has are kept.
OURS = "ganerate"
Rule = dict[str, Any]  # JSON values


class Command(BaseCommand):
    help = "Makes the bucket of S3_BUCKET if there is none, sets its CORS and lifecycle rules, and tries it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="changes nothing, only tries")

    def handle(self, *, check: bool, **options: Any) -> None:
        if not bucket.is_used():
            raise CommandError("S3_BUCKET is not set: files are kept in a folder, which needs no preparation.")
        try:
            if not check:
                self.set_up()
            failed = [name for name, trial in trials.trials().items() if not self.passes(name, trial)]
        except trials.FAULTS as error:
            raise CommandError(f"Bucket {settings.S3_BUCKET}: {trials.complaint(error)}. ({error})") from None
        if failed:
            raise CommandError(f"Bucket {settings.S3_BUCKET} can't be used yet. docs/storage.md says how to set it up.")
        self.stdout.write(f"Bucket {settings.S3_BUCKET} is ready for {settings.SITE_URL}.")

    def set_up(self) -> None:
        make_if_absent()
        for name, step in {"CORS": share, "lifecycle": expire}.items():
            try:
                step()
            except ClientError as refused:
                # Another may have set it up by hand; the trials decide.
                self.stdout.write(f"not set    {name}: {trials.complaint(refused)}")
            else:
                self.stdout.write(f"set        {name}")

    def passes(self, name: str, trial: Callable[[], None]) -> bool:
        try:
            trial()
        except trials.Failed as failed:
            self.stdout.write(f"FAILED     {name}: {failed}")
            return False
        self.stdout.write(f"ok         {name}")
        return True


def make_if_absent() -> None:
    """Private, as a new bucket is."""
    try:
        bucket.client().head_bucket(Bucket=settings.S3_BUCKET)
    except ClientError as refused:
        if bucket.code(refused) not in trials.NO_BUCKET:
            raise
        bucket.client().create_bucket(Bucket=settings.S3_BUCKET)


def share() -> None:
    rules = [*others(lambda: bucket.client().get_bucket_cors(Bucket=settings.S3_BUCKET)["CORSRules"]), sharing()]
    bucket.client().put_bucket_cors(Bucket=settings.S3_BUCKET, CORSConfiguration={"CORSRules": rules})


def sharing() -> Rule:
    """Browsers on our pages may send parts and read what they were given a link to."""
    return {
        "ID": OURS,
        "AllowedOrigins": trials.origins(),
        "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }


def expire() -> None:
    def rules_there() -> list[Rule]:
        return list(bucket.client().get_bucket_lifecycle_configuration(Bucket=settings.S3_BUCKET)["Rules"])

    configuration = {"Rules": [*others(rules_there), *expiring()]}
    bucket.client().put_bucket_lifecycle_configuration(Bucket=settings.S3_BUCKET, LifecycleConfiguration=configuration)


def expiring() -> list[Rule]:
    """What a process that died left behind. The sweeper removes most of it sooner; nothing else ever expires."""
    days = settings.ABANDONED_UPLOAD_DAYS + 30
    return [
        {
            "ID": f"{OURS}-unfinished",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
        },
        {
            "ID": f"{OURS}-tried",
            "Status": "Enabled",
            "Filter": {"Prefix": f"{trials.PLACE}/"},
            "Expiration": {"Days": 1},
        },
    ]


def others(ask: Callable[[], list[Rule]]) -> list[Rule]:
    """Rules that the bucket has and that are not ours."""
    try:
        there = ask()
    except ClientError as refused:
        if bucket.code(refused) in ("NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration"):
            return []
        raise
    return [rule for rule in there if not rule.get("ID", "").startswith(OURS)]
