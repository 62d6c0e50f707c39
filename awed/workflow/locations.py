"""The locations of a task's files: host, node and URL."""

import re
from collections.abc import Container, Iterable
from itertools import chain

from awed.model.addresses import NO_ADDRESS, address, check_file_url, has_user, without_password
from awed.model.job import IO, NO_NODE, OWN_HOST, UPDATE, Job, Task
from awed.model.node import NODE_ID
from awed.workflow.document import SentTask, entries
from awed.workflow.faults import Faults, Place, cut, quoted, shown

_DOWNLOAD = re.compile(rf"(.+)/node/({NODE_ID.pattern})\?download")
_PASSWORD = re.compile(r"//[^/?#]*@")

_NO_LOGIN = "a data host takes no user and password in its URL: send its token in the header Datatoken"

_OF_NODES = ("copy", "subset", UPDATE)
"""Types of outputs that may name an existing node."""


def named_hosts(tasks: Iterable[Task]) -> frozenset[str]:
    """The data hosts that the files of *tasks* name. There may be very many, to be looked at in a thread."""
    files = chain.from_iterable((*task.inputs, *task.outputs, *task.predata) for task in tasks)
    return frozenset(io.host for io in files)


def token_hosts(job: Job, named: frozenset[str]) -> list[str]:
    """The data hosts to which the data token of *job* may be sent, whose files name these.

    The host of its outputs, or else the only host that it names: a document may name any, also a hostile one.
    """
    if job.shockhost not in ("", OWN_HOST):
        return [job.shockhost]
    others = sorted(named - {"", OWN_HOST})
    return others if len(others) == 1 else []


class Locator:
    """Completes host, node and URL of files, in place.

    *shockhost*: the host for outputs that name none. *own_hosts*: the daemon's own addresses. A file in the daemon's
    own node store gets OWN_HOST and no URL, as the daemon's address depends on who asks.
    """

    def __init__(self, shockhost: str, own_hosts: Iterable[str], faults: Faults) -> None:
        self._own_hosts = {host.rstrip("/").lower() for host in own_hosts} | {OWN_HOST}
        self._faults = faults
        self._checked_hosts: set[str] = set()
        self.shockhost = self._host(shockhost, ("shockhost",))

    def locate(self, task: SentTask, place: Place) -> None:
        """Complete all files of *task*. Notes those whose location is missing or invalid."""
        for key, io in entries(task.inputs):
            self._input(io, (*place, "inputs", key))
        names = {io.filename for _, io in entries(task.inputs)}
        for key, io in entries(task.outputs):
            self._output(io, names, (*place, "outputs", key))
            if io.is_elsewhere and (task.totalwork > 1 or task.maxworksize or task.partinfo):
                self._faults.at((*place, "outputs", key), "a task of several workunits cannot bring a file to a URL")
        for key, io in entries(task.predata):
            self._predata(io, (*place, "predata", key))

    def _input(self, io: IO, place: Place) -> None:
        if io.origin:
            self._unsettle(io, place)
        elif not self._settle(io, place):
            self._faults.at(place, "an input needs a url, or host and node, or an origin")

    def _predata(self, io: IO, place: Place) -> None:
        if not self._settle(io, place):
            self._faults.add(place, f"Invalid IO, required fields url or host / node missing ({shown(place)})")

    def _output(self, io: IO, inputs: Container[str], place: Place) -> None:
        if io.url and not io.host and not io.type and io.node in ("", NO_NODE) and not _DOWNLOAD.fullmatch(io.url):
            self._elsewhere(io, place)
            return
        by_url = _DOWNLOAD.fullmatch(io.url) is not None
        of_node = io.type in _OF_NODES and (by_url or io.node not in ("", NO_NODE))
        if not io.host and not (of_node and by_url):
            self.shockhost = io.host = self.shockhost or OWN_HOST
        if of_node:
            self._settle(io, place)
            return
        self._unsettle(io, place)
        if io.type == UPDATE and not io.origin and io.filename not in inputs:
            self._faults.at(place, "an update needs host and node, an origin, or an input of the same name")

    def _elsewhere(self, io: IO, place: Place) -> None:
        """Check the URL of an output that is brought there, and has no node."""
        io.node = NO_NODE
        self._check_file(io.url, (*place, "url"))
        if has_user(io.url):
            self._faults.at((*place, "url"), "the URL of an output takes no user and password")

    def _unsettle(self, io: IO, place: Place) -> None:
        """Set node and URL of *io* to none, whatever was sent: it has no node yet."""
        io.host = self._host(io.host, (*place, "host"))
        io.node, io.url = NO_NODE, ""

    def _settle(self, io: IO, place: Place) -> bool:
        """Complete *io* from its host and node, else from its URL. False if it has neither."""
        if io.host and io.node not in ("", NO_NODE):
            io.host = self._host(io.host, (*place, "host"))
        elif not io.url:
            return False
        else:
            self._check_file(io.url, (*place, "url"))
            download = _DOWNLOAD.fullmatch(io.url)
            if download is None:
                io.host, io.node = "", NO_NODE
                return True
            io.host, io.node = self._host(download[1], (*place, "url")), download[2]
        if not NODE_ID.fullmatch(io.node):
            self._faults.at((*place, "node"), f"{quoted(io.node)} is no id of a node")
        io.url = "" if io.host == OWN_HOST else f"{io.host}/node/{io.node}?download"
        return True

    def _host(self, host: str, place: Place) -> str:
        """*host* without slashes at the end, OWN_HOST if it is the daemon itself. Notes an invalid one."""
        host = host.rstrip("/")
        if host.lower() in self._own_hosts:
            return OWN_HOST
        if host and host not in self._checked_hosts:
            self._checked_hosts.add(host)
            if has_user(host):
                self._faults.at(place, _NO_LOGIN)
            else:
                self._check(host, place, "?#")
        return host

    def _check_file(self, url: str, place: Place) -> None:
        """Note a fault if workers can find no file at *url*."""
        try:
            check_file_url(url)
        except ValueError as error:
            self._note(url, place, str(error))

    def _check(self, url: str, place: Place, without: str = "") -> None:
        """Note a fault if *url* is no address of a host, or has any of the characters *without*."""
        try:
            address(url)
            fault = "" if set(url).isdisjoint(without) else NO_ADDRESS
        except ValueError as error:
            fault = str(error)
        if fault:
            self._note(url, place, fault)

    def _note(self, url: str, place: Place, fault: str) -> None:
        self._faults.add(place, f"Not a valid url: {cut(_PASSWORD.sub('//...@', url))} ({shown(place)}): {fault}")


def take_passwords(files: Iterable[IO]) -> dict[str, str]:
    """Remove the passwords from the URLs of *files*, in place; returns them by URL, which still names the user."""
    found = {}
    for io in files:
        io.url, password = without_password(io.url)
        if password:
            found[io.url] = password
    return found
