"""Addresses of the daemon's own files: ``own:`` in the model, a URL that the asker can reach in every document."""

import re

from msgspec.structs import replace
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.iweb import IRequest

from awed.model.job import IO, NO_NODE, OWN_HOST, Job, Task
from awed.model.work import Workunit

HOST_HEADER = re.compile(
    rb"(([0-9A-Za-z_-]{1,63}\.){0,8}[0-9A-Za-z_-]{1,63}\.?|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\Z"
)
"""A host name, IPv4 or bracketed IPv6 address, with or without a port."""


class OwnHosts:
    """Knows under which addresses this daemon is met. *external_url*: the configured one, "" if there is none."""

    def __init__(self, external_url: str) -> None:
        self._external_url = external_url.rstrip("/")

    def base(self, request: IRequest) -> str:
        """The address to show to the maker of *request*: the external URL, or the one by which they came."""
        return self._external_url or _met(request)

    def known(self, request: IRequest) -> frozenset[str]:
        """All addresses that mean this daemon when they stand in a document that comes with *request*."""
        return frozenset({self._external_url, _met(request), _url(request, _socket(request)), OWN_HOST} - {""})


def shown_task(task: Task, base: str) -> Task:
    """*task* with addresses for the daemon's own files; a copy only if it has such files."""
    if not _has_own(task):
        return task
    inputs, outputs, predata = _shown_files(task, base)
    return replace(task, inputs=inputs, outputs=outputs, predata=predata)


def shown_work(work: Workunit, base: str) -> Workunit:
    """The same for a workunit."""
    if not _has_own(work):
        return work
    inputs, outputs, predata = _shown_files(work, base)
    return replace(work, inputs=inputs, outputs=outputs, predata=predata)


def uses_own_store(job: Job) -> bool:
    """Whether files of *job* lie, or will lie, in the daemon's own store."""
    return any(map(_has_own, job.tasks))


def _has_own(holder: Task | Workunit) -> bool:
    return any(io.host == OWN_HOST for files in (holder.inputs, holder.outputs, holder.predata) for io in files)


def _shown_files(holder: Task | Workunit, base: str) -> tuple[list[IO], list[IO], list[IO]]:
    inputs, outputs, predata = (
        [_shown_file(io, base) for io in files] for files in (holder.inputs, holder.outputs, holder.predata)
    )
    return inputs, outputs, predata


def _shown_file(io: IO, base: str) -> IO:
    if io.host != OWN_HOST:
        return io
    url = io.url if io.node == NO_NODE else f"{base}/node/{io.node}?download"
    return replace(io, host=base, url=url)


def _met(request: IRequest) -> str:
    """The address by which the maker of *request* came."""
    return _url(request, request.getHeader("host") or _socket(request))


def _url(request: IRequest, host: str) -> str:
    return f"{'https' if request.isSecure() else 'http'}://{host}"


def _socket(request: IRequest) -> str:
    """The address of the socket on which *request* came in."""
    address = request.getHost()
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    return "localhost"
