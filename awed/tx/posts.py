"""Posting to hosts of which only the status is of interest, and why a host does not answer."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from OpenSSL.SSL import Error as SSLError
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed, DNSLookupError
from twisted.internet.protocol import Protocol
from twisted.web.http_headers import Headers

from awed.model.addresses import address
from awed.model.errors import Invalid, Unavailable
from awed.tx.http import Uri


async def post(client: HTTPClient, url: str, body: bytes, headers: Mapping[str, str], limit: float) -> int:
    """Post *body* to a URL, which must be valid and may have user and password: the status of the answer, of which
    nothing else is read. A redirect is not followed.

    Raises :class:`~awed.model.errors.Invalid` for a host beyond reach, and :class:`~awed.model.errors.Unavailable` if
    there is no answer within *limit* seconds.
    """
    to, raw = address(url), Headers({name: [text] for name, text in headers.items()})
    if to.login:
        raw.setRawHeaders("Authorization", [b"Basic " + b64encode(to.login.encode())])
    try:
        response = await client.post(
            Uri.from_text(to.uri), data=body, headers=raw, allow_redirects=False, timeout=limit, unbuffered=True
        )
    except (CancelledError, Invalid):
        raise
    except Exception as error:  # the network and the peer may cause any
        cause = cause_of(error)
        is_late = isinstance(cause, (CancelledError, ConnectingCancelledError))
        raise Unavailable(f"no answer within {limit:g} s" if is_late else told(cause)) from None
    response.deliverBody(_Unread())
    return int(response.code)


class _Unread(Protocol):
    """Closes the connection instead of reading a body."""

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.loseConnection()


def cause_of(error: BaseException) -> BaseException:
    """The original exception in an error of twisted.web's client, which may wrap it several times."""
    reasons = getattr(error, "reasons", None)
    return cause_of(reasons[0].value) if reasons else error


def told(cause: BaseException) -> str:
    """Why there is no answer. The text quotes nothing of what came, which its reader might not be able to get."""
    if isinstance(cause, (ConnectError, ConnectionClosed, DNSLookupError)):
        return str(cause) or type(cause).__name__
    if isinstance(cause, SSLError):
        return f"no TLS connection could be made: {cause}"
    return "what came is no answer of HTTP"
