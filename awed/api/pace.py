"""Bodies of answers that are written while the peer takes them, and do not end well if they cannot be finished."""

from collections.abc import Awaitable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from awed.api.access_log import logged_path
from awed.api.body import AwedRequest
from awed.tx.streams import Pace

_log = Logger()


async def send_paced(request: AwedRequest, pace: Pace, writing: Awaitable[None]) -> None:
    """Let *writing* write the body of the answer to *request*, at the *pace* of the peer."""
    request.registerProducer(pace, True)  # type: ignore[no-untyped-call]
    try:
        await writing
    except CancelledError:
        return  # the client has left
    except Exception:
        _log.failure("{path}: the answer could not be finished", path=logged_path(request.path))
        transport: Any = request.transport
        transport.abortConnection()  # what was sent must not look complete
        await Deferred()  # the end of the connection ends this as well
    finally:
        if request.channel is not None:
            request.unregisterProducer()  # type: ignore[no-untyped-call]
