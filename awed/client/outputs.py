"""Where the outputs of a job are, and how they become files."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from awed.client.blocking import Server
from awed.model.errors import AwedError, Unavailable
from awed.model.ids import task_name
from awed.model.job import Job
from awed.model.node import Node


def output_urls(job: Job) -> dict[str, str]:
    """The URL of each output, by ``TASK/FILENAME``; "" for one that is not there (yet)."""
    return {
        f"{task_name(task.taskid)}/{output.filename}": output.address
        for task in job.tasks
        for output in task.outputs
        if output.is_made and not output.nofile
    }


def kept_outputs(job: Job) -> dict[str, str]:
    """As :func:`output_urls`, of the outputs of a completed job that can be fetched: without temporary ones, optional
    ones that were not made, and those that workers brought elsewhere."""
    gone = {
        f"{task_name(task.taskid)}/{output.filename}"
        for task in job.tasks
        for output in task.outputs
        if output.temporary or output.delete
    }
    urls = output_urls(job)
    return {name: url for name, url in urls.items() if url and name not in gone and not is_elsewhere(url)}


def is_elsewhere(url: str) -> bool:
    """Whether an output is where workers alone reach it: in S3, or on a disk that they share."""
    return bool(url) and url.partition(":")[0].lower() not in {"http", "https"}


def fetch(server: Server, url: str, path: Path, told: Callable[[int], object] = lambda there: None) -> None:
    """Download *url* to *path*, which appears when it is complete; not if *path* has the same content already.

    Bytes of an earlier try, in ``PATH.part``, are not downloaded again. *told* is called with the number of bytes
    so far, from time to time. Raises :class:`OSError`, what a call raises, and
    :class:`~awed.model.errors.Unavailable` if what came has another MD5 than its node says.
    """
    size, md5 = _expected(server, url)
    if md5 and path.is_file() and path.stat().st_size == size and _md5(path) == md5:
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("ab") as file:
            begin = file.tell()
            if begin > size or not md5:  # without the MD5 it may be the beginning of another file
                file.truncate(begin := 0)
            if begin < size or not md5:
                server.download(url, file, begin=begin, told=told)
        if md5 and (found := _md5(part)) != md5:
            os.truncate(part, 0)
            raise Unavailable(f"{path.name} arrived damaged: its MD5 is {found}, expected {md5}")
        part.replace(path)
    finally:
        if part.exists() and not part.stat().st_size:
            part.unlink()


def _expected(server: Server, url: str) -> tuple[int, str]:
    """The size and MD5 of the file at *url*; the MD5 is empty if it is in no node, or its host does not tell."""
    node = url.removesuffix("?download")
    if node == url:
        return 0, ""
    try:
        document = server.document(node, Node)
    except AwedError:
        return 0, ""  # if the host is away, the download says so
    return document.file.size, document.file.checksum.get("md5", "")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def path_below(directory: Path, name: str) -> Path:
    """The path of the output *name* below *directory*, whose folders are made.

    Raises :class:`ValueError` for a name that leads out of it: it may be from another's document.
    """
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/"):
        raise ValueError(f"the job has an output with the name {name!r}, which leads out of the directory")
    path = directory.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
