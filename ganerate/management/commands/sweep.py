from generation.management.commands import sweep
from marketplace.listings import publishing
from marketplace.moderation import takedowns


class Command(sweep.Command):
    """Also what the marketplace left to a worker."""

    def put_right(self) -> int:
        return super().put_right() + publishing.resume() + takedowns.sweep()
