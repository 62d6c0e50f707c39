"""The addresses of the daemon itself: ``own:`` in the model, in answers a URL that the client can reach."""

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import TypeVar

from msgspec.structs import replace
from twisted.internet.address import UNIXAddress
from twisted.web.iweb import IRequest

from awed.model.addresses import without_secrets
from awed.model.job import IO, NO_NODE, OWN_HOST, Task
from awed.model.tes import COLLECTION, OutputLog, RunLog, TesTask
from awed.model.work import Workunit
from awed.web.forwarded import NO_PROXIES, Proxies, socket_of
from awed.web.params import header

_LOOPBACK = re.compile(r"(localhost|[\w.-]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?", re.IGNORECASE)
"""Matches the host, with or without a port, by which a machine connects to itself."""


@lru_cache(maxsize=100)
def _is_loopback(host: str) -> bool:
    return _LOOPBACK.fullmatch(host) is not None


class OwnHosts:
    """The addresses by which clients reach this daemon.

    *external_url*: the configured one, "" for none. *allowed_origins*: origins of other sites whose pages may make
    anonymous requests, ``*`` for all. *only_local*: whether no other machine can connect.
    """

    def __init__(
        self,
        external_url: str,
        proxies: Proxies = NO_PROXIES,
        *,
        allowed_origins: Collection[str] = (),
        only_local: bool = False,
    ) -> None:
        self._external_url = external_url.rstrip("/")
        self._proxies = proxies
        self._allowed_origins = frozenset(map(str.lower, allowed_origins))
        self._only_local = only_local

    def base(self, request: IRequest) -> str:
        """The address to show to the client: the external URL, else the one that it used."""
        return self._external_url or self._met(request)

    def peer(self, request: IRequest) -> str:
        """The IP address of the client, "" for a local socket."""
        return self._proxies.peer(request)

    def is_foreign(self, request: IRequest) -> bool:
        """Whether *request* seems to be made by a page of another site, without the knowledge of the browser's user.

        Also true if only this machine can connect and the request names another host: such a page can make its own
        host name resolve to this machine (DNS rebinding).
        """
        return self.is_from_elsewhere(request) or (self._only_local and not self._is_met_here(request))

    def is_from_elsewhere(self, request: IRequest) -> bool:
        """Whether a browser says that a page of another site made *request*, which no setting allows."""
        site, origin = header(request, b"sec-fetch-site"), header(request, b"origin")
        if origin is None or site == "same-origin":  # behind a proxy only the browser knows its own address
            # What a page at another port of this host loads as a picture or a script is foreign, a link on it is not.
            is_loaded = site == "same-site" and header(request, b"sec-fetch-mode") == "no-cors"
            return site == "cross-site" or is_loaded
        own = {self._external_url.lower(), self._met(request).lower()}
        return self._allowed_origins.isdisjoint({origin.lower(), "*"}) and origin.lower() not in own

    def _is_met_here(self, request: IRequest) -> bool:
        """Whether the host in *request* is one by which this machine connects to itself, or the external URL's."""
        met = self._met(request)
        is_local = _is_loopback(met.partition("//")[2]) or isinstance(request.getHost(), UNIXAddress)
        return is_local or met.lower() == self._external_url.lower()

    def known(self, request: IRequest) -> frozenset[str]:
        """All addresses that mean this daemon in a document that is sent with *request*."""
        scheme = "https" if request.isSecure() else "http"
        socket = f"{scheme}://{socket_of(request)}"
        return frozenset({self._external_url, self._met(request), socket, OWN_HOST} - {""})

    def _met(self, request: IRequest) -> str:
        """The address that the client used for *request*."""
        origin = self._proxies.origin(request)
        return f"{origin.scheme}://{origin.host}"


Holder = TypeVar("Holder", Task, Workunit)


def shown_task(task: Task, base: str) -> Task:
    """*task* with addresses at *base* for the daemon's own files, and without what opens those of others. A copy, if
    it has such files."""
    return _hiding(_at(task, base))


def shown_work(work: Workunit, base: str) -> Workunit:
    """*work* likewise."""
    return _hiding(_at(work, base))


def handed_work(work: Workunit, base: str) -> Workunit:
    """*work* for the worker that is to run it: with what opens the files of others."""
    return _at(work, base)


def _at(holder: Holder, base: str) -> Holder:
    if not _has_own(holder):
        return holder
    return _changed(holder, lambda io: _shown_file(io, base), lambda url: shown_url(url, base))


def _hiding(holder: Holder) -> Holder:
    files = (holder.inputs, holder.outputs, holder.predata)
    if not holder.tes and not any(without_secrets(io.url) != io.url for some in files for io in some):
        return holder
    return _changed(holder, lambda io: replace(io, url=without_secrets(io.url)), without_secrets)


def _changed(holder: Holder, file: Callable[[IO], IO], url: Callable[[str], str]) -> Holder:
    """A copy of *holder* with its files changed by *file*, and the URLs of its task of TES by *url*."""
    inputs, outputs, predata = (list(map(file, files)) for files in (holder.inputs, holder.outputs, holder.predata))
    tes = holder.tes and _tes_changed(holder.tes, url)
    return replace(holder, inputs=inputs, outputs=outputs, predata=predata, tes=tes)


def _tes_changed(task: TesTask, url: Callable[[str], str]) -> TesTask:
    inputs = [replace(one, url=url(one.url)) for one in task.inputs]
    outputs = [replace(one, url=url(one.url)) for one in task.outputs]
    return replace(task, inputs=inputs, outputs=outputs)


def shown_tes(task: TesTask, base: str) -> TesTask:
    """*task* as :func:`shown_task` has it."""
    return _tes_changed(task, lambda url: without_secrets(shown_url(url, base)))


def shown_outputs(outputs: list[OutputLog], base: str) -> list[OutputLog]:
    """The same for the log of a task's outputs."""
    return [replace(one, url=without_secrets(shown_url(one.url, base))) for one in outputs]


def shown_url(url: str, base: str) -> str:
    """*url* with *base* in place of :data:`~awed.model.job.OWN_HOST`."""
    return base + url.removeprefix(OWN_HOST) if url.startswith(f"{OWN_HOST}/") else url


def keep_own(log: RunLog, known: Collection[str]) -> None:
    """Have addresses of the daemon's own nodes in *log*, which begin with any of *known*, be the same for all."""
    for one in log.outputs:
        host = next((host for host in known if one.url.startswith(f"{host}{COLLECTION}")), None)
        if host:
            one.url = f"{OWN_HOST}{one.url.removeprefix(host)}"


def _has_own(holder: Task | Workunit) -> bool:
    files = (holder.inputs, holder.outputs, holder.predata)
    makes_nodes = holder.tes and any(one.host == OWN_HOST for one in holder.tes.outputs)
    return bool(makes_nodes) or any(io.host == OWN_HOST for some in files for io in some)


def _shown_file(io: IO, base: str) -> IO:
    if io.host != OWN_HOST:
        return io
    url = io.url if io.node == NO_NODE else f"{base}/node/{io.node}?download"
    return replace(io, host=base, url=url)
