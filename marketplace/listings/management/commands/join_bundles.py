from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation import bucket, bundles
from marketplace.listings.models import BundleTail


class Command(BaseCommand):
    help = "Makes the sold bundles in a bucket to which a folder's files were copied. Run again, it does what is left."

    def handle(self, **options: Any) -> None:
        if not bucket.is_used():
            raise CommandError("S3_BUCKET is not set: from a folder, bundles are handed out as they lie there.")
        made = 0
        for tail in BundleTail.objects.select_related("part").iterator():
            made += bundles.join_again(tail.part, tail.key, tail.size)
        self.stdout.write(f"{made} bundles joined.")
