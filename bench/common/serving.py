"""Bare Twisted servers, to compare the daemon with."""

from pathlib import Path
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.web.resource import IResource
from twisted.web.server import Site


async def serve(reactor: Any, resource: IResource, place: str) -> None:
    """Listen on a free port, write the URL into the file *place*, and go on until somebody ends this process."""
    site = Site(resource, parsePOSTFormSubmission=False)
    site.noisy = False
    site.log = lambda request: None  # type: ignore[method-assign]
    port: IListeningPort = await serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(site)
    _announce(cast(IPv4Address, port.getHost()), Path(place))
    await Deferred()


def _announce(address: IPv4Address, place: Path) -> None:
    place.write_text(f"http://{address.host}:{address.port}\n")
