"""The least that a broadcast over Channels can be, to compare with: one group, whose text each consumer passes on.

python -m daphne benchmarks.jobs.echo:application
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
django.setup(set_prefix=False)

from typing import Any  # noqa: E402

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402

GROUP = "echo"


class EchoConsumer(AsyncWebsocketConsumer):
    groups = (GROUP,)

    async def echo(self, message: dict[str, Any]) -> None:
        await self.send(text_data=message["text"])


application = ProtocolTypeRouter({"websocket": EchoConsumer.as_asgi()})
