"""Run crates: how one is downloaded, and how the files that it names come into it."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast
from urllib.parse import quote

from awed.client.blocking import Server
from awed.model.errors import AwedError, Unavailable

METADATA = "ro-crate-metadata.json"


def fetch_crate(server: Server, job_id: str, out: Path, *, files: bool = False) -> list[str]:
    """Download the crate of a job to *out*, which appears when it is complete; with *files*, the files that it names
    come into it.

    Returns why files are still named by their address, as they could not be had. Raises :class:`OSError`, what a call
    raises, and :class:`~awed.model.errors.Unavailable` if a file breaks off or has another MD5 than its node says.
    """
    part, bare = out.with_name(f"{out.name}.part"), out.with_name(f"{out.name}.bare")
    try:
        with part.open("wb") as file:
            server.download(f"{server.url}/job/{job_id}?crate", file)
        faults = []
        if files:
            part.replace(bare)
            with zipfile.ZipFile(bare) as source, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as target:
                faults = list(_fill(server, source, target))
        part.replace(out)
        return faults
    finally:
        part.unlink(missing_ok=True)
        bare.unlink(missing_ok=True)


def _fill(server: Server, source: zipfile.ZipFile, target: zipfile.ZipFile) -> Iterator[str]:
    """Copy a crate, and add the files that it names by addresses. Yields why one could not be had."""
    metadata: dict[str, Any] = json.loads(source.read(METADATA))
    taken = set(source.namelist())
    renamed: dict[str, str] = {}
    for entity in metadata["@graph"]:
        address = entity["@id"]
        if entity["@type"] != "File" or not address.startswith(("http://", "https://")):
            continue
        path = _free(entity.get("name", ""), taken)
        try:
            _add(server, address, target, path, entity.get("md5", ""))
        except (_Refused, ValueError) as error:
            yield f"{entity.get('name') or address}: {error}"
            continue
        taken |= {path, *_folders(path)}
        renamed[address] = quote(path)
        entity["contentUrl"] = address
    for name in source.namelist():
        if name != METADATA:
            with source.open(name) as old, target.open(name, "w", force_zip64=True) as new:
                shutil.copyfileobj(old, new)
    target.writestr(METADATA, json.dumps(_with_paths(metadata, renamed)))


class _Refused(Exception):
    """There is no such file, or not for us."""


class _Member:
    """A file in an archive, which begins when there is something to write to it."""

    def __init__(self, archive: zipfile.ZipFile, path: str) -> None:
        self._archive = archive
        self._path = path
        self._file: IO[bytes] | None = None
        self.md5 = hashlib.md5(usedforsecurity=False)

    @property
    def is_begun(self) -> bool:
        return self._file is not None

    def write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._archive.open(self._path, "w", force_zip64=True)
        self._file.write(data)
        self.md5.update(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _add(server: Server, address: str, target: zipfile.ZipFile, path: str, md5: str) -> None:
    """Download *address* into the archive, block by block."""
    member = _Member(target, path)
    try:
        server.download(address, cast(BinaryIO, member))
        member.write(b"")
    except AwedError as error:
        if member.is_begun:
            raise
        raise _Refused(error) from error
    finally:
        member.close()
    if md5 and (found := member.md5.hexdigest()) != md5:
        raise Unavailable(f"{path} arrived damaged: its MD5 is {found}, expected {md5}")


def _free(name: str, taken: set[str]) -> str:
    """A path for a file called *name* that no other has, as a file or as a folder. *taken*: paths of files, and of
    folders with a ``/`` at their ends."""
    plain = "/".join(part for part in PurePosixPath(name).parts if part not in ("/", "..")) or "file"
    path, number = f"files/{plain}", 1
    while not taken.isdisjoint({path, f"{path}/", *(folder[:-1] for folder in _folders(path))}):
        number += 1
        path = f"files/{number}/{plain}"
    return path


def _folders(path: str) -> list[str]:
    return [f"{folder}/" for folder in PurePosixPath(path).parents]


def _with_paths(value: Any, renamed: dict[str, str]) -> Any:
    """*value* with other ids."""
    if isinstance(value, list):
        return [_with_paths(one, renamed) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: renamed.get(one, one) if key == "@id" else _with_paths(one, renamed) for key, one in value.items()}
