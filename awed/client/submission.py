"""Submits documents: uploads the files that go with them, and tries again while the server is away."""

import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import Unavailable
from awed.model.ids import new_id
from awed.tx.pauses import Pauses
from awed.wire.inputs import open_inputs

PAUSES = Pauses(0.5, 4.0, most=4)
"""Pauses between the tries of a submission while the server does not answer."""

File = TypeVar("File")


def submit(
    server: Server,
    name: str,
    text: bytes,
    away: Callable[[Unavailable, float], None] = lambda error, pause: None,
    key: str = "",
) -> calls.Submitted:
    """Submit the document *text*, called *name*. All tries have one key, a new one or *key*, so they make one job.

    *away* is called before each pause, with the error and the seconds. Raises the
    :class:`~awed.model.errors.AwedError` with which the server refuses, or the last try failed.
    """
    key = key or new_id()
    for pause in PAUSES:
        try:
            return server.ask(calls.submit(name, BytesIO(text), key))
        except Unavailable as error:
            away(error, pause)
            time.sleep(pause)
    return server.ask(calls.submit(name, BytesIO(text), key))


def uploaded(server: Server, name: str, file: str | bytes) -> dict[str, str]:
    """Upload a file, called *name*: the path of one, or its content.

    Returns the fields of a document that say where it is. Raises :class:`OSError` for a file that cannot be read.
    """
    if isinstance(file, bytes):
        node = server.ask(calls.upload(name, BytesIO(file)))
    else:
        with Path(file).open("rb") as opened:
            node = server.ask(calls.upload(Path(file).name, opened))
    return {"host": server.url, "node": node.id}


def fill_in(document: Any, files: Mapping[str, File], place: Callable[[str, File], Mapping[str, str]]) -> None:
    """Say in *document* where the inputs are that have no location and are called as one of *files*.

    *place* makes the fields for the location of a file. Raises :class:`ValueError` for a name that no input without
    a location has.
    """
    inputs = list(open_inputs(document))
    known = ", ".join(dict.fromkeys(name for name, _ in inputs))
    for name in files:
        if all(name != other for other, _ in inputs):
            raise ValueError(f"no input {name} lacks a source; those that do: {known or 'none'}")
    for name, file in files.items():
        found = place(name, file)
        for other, fields in inputs:
            if name == other:
                fields.update(found)
