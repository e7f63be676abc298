from daphne.management.commands import runserver

from ganerate.server import PacedServer


class Command(runserver.Command):
    """Daphne's own for development, with the bound on what waits for a slow client."""

    server_cls = PacedServer
