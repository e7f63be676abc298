"""What passes by itself: a database that is locked, a store that refuses. The task waits, and has not failed."""

import errno
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.db import InterfaceError, OperationalError, close_old_connections

from generation import memory, room
from generation.models import JobTask

from .endings_of_work import OtherMachine

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Together about a quarter of an hour.
PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, *(60.0,) * 15)
STORE_REFUSES = frozenset(
    {errno.EIO, errno.EAGAIN, errno.ETIMEDOUT, errno.EBUSY, errno.ESTALE, errno.EMFILE, errno.ENFILE}
)


def passes(error: BaseException) -> bool:
    if room.ran_out(error) or memory.ran_out(error):
        return False
    if isinstance(error, OtherMachine | OperationalError | InterfaceError | BotoCoreError):
        return True
    if isinstance(error, Boto3Error | ConnectionError | TimeoutError):
        return True
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
    return isinstance(error, OSError) and error.errno in STORE_REFUSES


def pause(error: BaseException, task: JobTask) -> float | None:
    """Seconds until the task is tried again; None where waiting won't help, or has not."""
    met = task.output.get("disturbances", 0)
    return PAUSES[met] if passes(error) and met < len(PAUSES) else None


def patiently(act: Callable[[], Result]) -> Result:
    """Does it again until nothing stands in the way, or for as long as anything that passes by itself may take."""
    for seconds in PAUSES:
        try:
            return act()
        except Exception as error:
            if not passes(error):
                raise
            logger.warning("Trying again in %s s", seconds, exc_info=True)
            time.sleep(seconds)
            # One that broke is not mended by itself.
            close_old_connections()
    return act()
