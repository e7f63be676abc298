"""For how long a service that says nothing is waited for.

A host that is cut off, or a server that vanished, refuses nothing: it is silent, and TCP by itself would wait a quarter
of an hour, or for ever. So both ends ask each other, and give up within half a minute: what a host that was cut off had
locked is free again, and work that waits for an answer learns that none comes, and is tried again.
"""

import socket
import sys
from typing import Any

ASK_AFTER, ASK_EVERY, ASK_TIMES = 10, 5, 3
UNHEARD_MILLISECONDS = 20_000
# Nothing here thinks for so long within a transaction.
IDLE_MILLISECONDS = 60_000


def of_database() -> dict[str, Any]:  # Any: options of libpq
    """Options of PostgreSQL's client; those after -c are for the server's end of the connection."""
    asks = {"keepalives_idle": ASK_AFTER, "keepalives_interval": ASK_EVERY, "keepalives_count": ASK_TIMES}
    server = {f"tcp_{name}": value for name, value in asks.items()}
    server |= {"tcp_user_timeout": UNHEARD_MILLISECONDS, "idle_in_transaction_session_timeout": IDLE_MILLISECONDS}
    options = " ".join(f"-c {name}={value}" for name, value in server.items())
    return {"connect_timeout": 5, **asks, "tcp_user_timeout": UNHEARD_MILLISECONDS, "options": options}


def of_redis(url: str) -> dict[str, Any]:  # Any: options of redis-py
    if url.startswith("unix") or sys.platform != "linux":
        return {}
    options = {
        socket.TCP_KEEPIDLE: ASK_AFTER,
        socket.TCP_KEEPINTVL: ASK_EVERY,
        socket.TCP_KEEPCNT: ASK_TIMES,
        socket.TCP_USER_TIMEOUT: UNHEARD_MILLISECONDS,
    }
    return {"socket_keepalive": True, "socket_keepalive_options": options}


def of_store(addressing: str) -> Any:  # Any: botocore has no types
    """boto3's configuration; imported here, as most sites have no such store."""
    from botocore.config import Config

    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing},
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 4},
        tcp_keepalive=True,
    )
