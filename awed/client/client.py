"""A server, as programs use it."""

import os
import ssl
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from awed.client import jobs as calls
from awed.client import submission
from awed.client.blocking import Server
from awed.client.builders import Job
from awed.client.calls import Call, Request, data
from awed.client.handle import JobHandle
from awed.client.submission import fill_in, uploaded
from awed.model.addresses import address, without_password
from awed.model.states import JobState
from awed.model.times import rfc3339
from awed.wire.headers import authorization

Document = Job | Mapping[str, Any] | str | os.PathLike[str]
"""A workflow: as Python values, as the values of its JSON document, or as the path of a file with that."""

File = str | os.PathLike[str] | bytes
"""A file of this machine by its path, or its content."""


class _Line(Struct):
    id: str


class Client:
    """The server at *url*.

    *token*: what an administrator gave you, "" for anonymous requests. *ca*: a file with the certificates (PEM) of
    the authorities to trust instead of the system's. Raises :class:`ValueError` for what is no URL or no token, and
    :class:`OSError` for a file that cannot be read. It may be used by several threads.
    """

    def __init__(self, url: str, token: str = "", ca: str | os.PathLike[str] | None = None) -> None:
        try:
            login = address(url).login
        except ValueError as error:
            raise ValueError(f"{error}, found {without_password(url)[0]!r}") from None
        if login:
            raise ValueError("a server takes no user and password in its URL, but a token")
        tls = None if ca is None else ssl.create_default_context(cafile=ca)
        self.server = Server(url, authorization(token, "Bearer"), tls)

    def submit(
        self,
        document: Document,
        inputs: Mapping[str, File] | None = None,
        wait: bool = False,
    ) -> JobHandle:
        """Submit a workflow and return its job; with *wait*, when it is completed, suspended or deleted.

        *inputs*: paths or contents of files, by the name of the inputs that say not where they are; these are
        uploaded.
        What the server remarks becomes a :class:`UserWarning`. While the server is away it is tried again for some
        seconds, and makes one job.

        Raises :class:`ValueError` for a name that no such input has, :class:`OSError` for a file that cannot be read,
        and the :class:`~awed.model.errors.AwedError` with which the server refuses.
        """
        name, sent = self._read(document)
        files = {name: file if isinstance(file, bytes) else os.fspath(file) for name, file in (inputs or {}).items()}
        fill_in(sent, files, self._upload)
        job, remarks = submission.submit(self.server, name, msgspec.json.encode(sent))
        for remark in remarks:
            warnings.warn(f"{remark.place}: {remark.text}", stacklevel=2)
        handle = JobHandle(self.server, job.id)
        if wait:
            handle.wait()
        return handle

    def job(self, job_id: str) -> JobHandle:
        """The job with this id. Raises :class:`~awed.model.errors.NotFound` if there is none."""
        return JobHandle(self.server, self.server.ask(calls.job(job_id)).id)

    def jobs(
        self,
        *,
        state: JobState | str | Sequence[JobState | str] = (),
        name: str = "",
        project: str = "",
        user: str = "",
        since: datetime | None = None,
        limit: int = 0,
    ) -> list[JobHandle]:
        """The jobs that fulfil all conditions, those that changed last first.

        *state*: one or several; *name*, *project*, *user*: exactly as in ``info``; *since*: submitted or completed
        then or later. *limit*: how many at most, 0 for all. Raises :class:`ValueError` for what is no state.
        """
        states = [state] if isinstance(state, str) else state
        for one in states:
            if one not in set(JobState):
                raise ValueError(f"state must be one of {', '.join(JobState)}, not {one!r}")
        if since is not None and not isinstance(since, datetime):
            raise TypeError(f"since must be a datetime, not {since!r}")
        fields = {"state": ",".join(states), "info.name": name, "info.project": project, "info.user": user}
        chosen = {name: value for name, value in fields.items() if value}
        moment = {"date_start": rfc3339(since.astimezone(UTC))} if since else {}
        query = urlencode({"query": "", "verbosity": "minimal", "limit": limit, **chosen, **moment})
        lines = self.server.ask(Call(Request("GET", f"/job?{query}"), data(list[_Line])))
        return [JobHandle(self.server, line.id) for line in lines]

    def _read(self, document: Document) -> tuple[str, Any]:
        """The name and the values of a document."""
        match document:
            case Job():
                return "job.json", document.document(self._upload)
            case Mapping():
                return "job.json", msgspec.json.decode(msgspec.json.encode(document))  # a copy, which is filled in
            case _:
                path = Path(document)
                try:
                    return path.name, msgspec.json.decode(path.read_bytes())
                except msgspec.DecodeError as error:
                    raise ValueError(f"{path} is not JSON: {error}") from None

    def _upload(self, name: str, file: str | bytes) -> dict[str, str]:
        return uploaded(self.server, name, file)
