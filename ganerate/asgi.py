import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ganerate.settings")
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from ganerate.threads import Handler  # noqa: E402
from generation import bucket  # noqa: E402
from generation.urls import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Handler(),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)

# All code is loaded now and stays. Python's collector would walk through it again and again, a tenth of a second each
# time, in which nobody is answered.
get_resolver().url_patterns  # noqa: B018
if bucket.is_used():
    bucket.client()
    bucket.signer()
gc.collect()
gc.freeze()
