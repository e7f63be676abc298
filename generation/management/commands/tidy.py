from typing import Any

from django.core.management.base import BaseCommand

from generation import abandoned


class Command(BaseCommand):
    help = "Removes uploads that nobody went on with, and stored files whose rows are gone. The sweeper does so hourly."

    def handle(self, *args: Any, **options: Any) -> None:
        uploads = abandoned.remove_uploads()
        self.stdout.write(f"{uploads} abandoned uploads and {abandoned.remove_orphans()} folders without a row removed")
