"""A TES task: its inputs, its executors one after another, its outputs."""

import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from awed.model.tes import (
    DIRECTORY,
    SYSTEM,
    TREE,
    WILDCARDS,
    Executor,
    ExecutorLog,
    Input,
    Output,
    OutputLog,
    RunLog,
    TesTask,
)
from awed.model.times import rfc3339
from awed.tx.loglines import encodable
from awed.tx.threads import InThread
from awed.worker.containers.interface import View
from awed.worker.errors import WorkFailed
from awed.worker.fileroots import FileRoots
from awed.worker.logs import Log, Logs
from awed.worker.machine import Allotment
from awed.worker.patterns import files_of
from awed.worker.process import Exit
from awed.worker.tree import Tree
from awed.worker.urls import Urls

TAIL = 10_000
"""Bytes of the end of an executor's stdout and stderr that are reported."""


class Command(NamedTuple):
    """A command that is to be run."""

    argv: list[str]
    environ: Mapping[str, str]
    view: View


MakeNode = Callable[[str, Path, str, str], Awaitable[str]]
"""Makes a node, at this host, of the file at this path, with this name and expiration; its id. Raises what data hosts
raise."""

Run = Callable[[Command], Awaitable[Exit]]
"""Runs a command to its end. Raises :class:`WorkFailed` if it cannot be started, or is ended for a limit."""


class Executors:
    """Runs *task* in the directory *root*. *environ*: variables that all commands get. *log*: what is told of it."""

    def __init__(
        self,
        task: TesTask,
        root: Path,
        logs: Logs,
        *,
        urls: Urls,
        make_node: MakeNode,
        environ: Mapping[str, str],
        allotment: Allotment,
        in_thread: InThread,
        now: Callable[[], datetime],
    ) -> None:
        self._task = task
        self._root = root
        self._logs = logs
        self._tree = Tree(root / TREE, urls.roots)
        self._points = _points(task, urls.roots)
        self._urls = urls
        self._make_node = make_node
        self._nodes: dict[_Stamp, str] = {}
        """Of inputs and of what was brought, by what would change if a command changed the file: the addresses of
        their nodes, "" if they are none."""
        self._environ = environ
        self._allotment = allotment
        self._in_thread = in_thread
        self._now = now
        self.log = RunLog(start_time=rfc3339(now()))

    def end(self) -> RunLog:
        """What is told of the run, which is over."""
        self.log.end_time = rfc3339(self._now())
        return self.log

    async def fetch(self) -> None:
        """Bring the inputs that are no inputs of the job. Raises :class:`AwedError`, :class:`OSError`."""
        for one in self._task.inputs:
            if one.content or not one.url:
                await self._in_thread(self._write, one)
            elif not one.url.lower().startswith(("http://", "https://")):
                await self._bring(one)
        await self._in_thread(self._make_places)
        if any(output.host for output in self._task.outputs):
            await self._in_thread(self._note_inputs)

    def _note_inputs(self) -> None:
        for one in self._task.inputs:
            is_node = not one.content and one.url.lower().startswith(("http://", "https://"))
            self._nodes[_stamp(self._tree.real(one.path).stat())] = (
                one.url.removesuffix("?download") if is_node else ""
            )

    def _write(self, one: Input) -> None:
        with self._tree.written(one.path) as file:
            file.write(one.content.encode())

    async def _bring(self, one: Input) -> None:
        target = await self._in_thread(self._tree.make, one.path)
        if self._urls.is_at(one.url, target):
            return  # it is shared, and visible there
        is_shared = await self._in_thread(self._tree.is_shared, one.path)
        place = self._root / f".{uuid4().hex}" if is_shared else target
        if one.type == DIRECTORY:
            await self._urls.fetch_directory(one.url, place)
        else:
            await self._urls.fetch(one.url, place)
        if is_shared:
            await self._in_thread(self._share, place, target)

    def _share(self, place: Path, target: Path) -> None:
        """Put what was brought to *place* to *target*, below a root."""
        roots = self._urls.roots
        for file in files_of(self._root, self._root, place.name):
            if file.is_symlink():
                raise WorkFailed(f"{target} would have a symbolic link, which may lead anywhere: {file.name}")
            roots.deliver(file, target / file.relative_to(place) if place.is_dir() else target)

    def _make_places(self) -> None:
        """Make the directories in which the commands expect to write."""
        tree, task = self._tree, self._task
        tree.make_directory("/tmp")  # noqa: S108  the task's own
        for path in task.volumes:
            tree.make_directory(path)
        for output in task.outputs:
            if point := _place_of(output):
                tree.make_directory(point)
            elif output.type == DIRECTORY:
                tree.make_directory(output.path)
            elif not WILDCARDS.search(output.path) and not tree.is_shared(output.path):
                _hold_place(tree.make(output.path))  # in the root, of which no other part is shown
        for executor in task.executors:
            if executor.workdir and not SYSTEM.match(executor.workdir):
                tree.make_directory(executor.workdir)
            for path in filter(None, (executor.stdout, executor.stderr)):
                tree.make(path)

    async def run(self, run: Run) -> None:
        """Run the executors. Raises :class:`WorkFailed` if one fails whose error is not ignored."""
        for number, executor in enumerate(self._task.executors):
            exit = await self._one(executor, run)
            if exit.status and not executor.ignore_error:
                raise WorkFailed(f"executors[{number}]: exit status {exit.status}")

    async def _one(self, executor: Executor, run: Run) -> Exit:
        log = ExecutorLog(-1, rfc3339(self._now()))
        before = [stream.size for stream in self._logs.streams.values()]
        self.log.logs.append(log)
        environ = {**self._environ, **executor.env}
        try:
            with ExitStack() as stack:
                stdin = stack.enter_context(self._tree.opened(executor.stdin)) if executor.stdin else None
                view = View(
                    self._allotment,
                    executor.image,
                    tree=self._tree.base,
                    points=self._points,
                    workdir=executor.workdir,
                    stdin=stdin,
                    network=self._urls.network,
                    entrypoint=self._task.entrypoint,
                )
                exit = await run(Command(executor.command, environ, view))
            log.exit_code = exit.status
        finally:
            log.end_time = rfc3339(self._now())
            log.stdout, log.stderr = self._tails(before)
        if executor.stdout or executor.stderr:
            await self._in_thread(self._save, executor, before)
        return exit

    def _tails(self, before: list[int]) -> list[str]:
        """The ends of what was written to both streams since they had so many bytes."""
        tails = []
        for stream, since in zip(self._logs.streams.values(), before, strict=True):
            begin = max(since, stream.size - TAIL)
            tails.append(stream.piece(begin, stream.size - begin).decode(errors="replace"))
        return tails

    def _save(self, executor: Executor, before: list[int]) -> None:
        """Write to the files that *executor* names what was written to both streams since they had so many bytes; if
        they are one file, stderr after stdout. Blocks: for a thread."""
        paths = (executor.stdout, executor.stderr)
        for path in filter(None, dict.fromkeys(paths)):
            with self._tree.written(path) as file:
                for name, stream, offset in zip(paths, self._logs.streams.values(), before, strict=True):
                    if name == path:
                        _copy(stream, offset, file)

    async def deliver(self) -> int:
        """Bring the outputs to their URLs; their bytes. Raises :class:`AwedError`, :class:`OSError`."""
        for output in self._task.outputs:
            if output.host:
                await self._make_nodes(output)
                continue
            for path, url in await self._in_thread(self._found, output):
                size = await self._bring_out(path, url)
                self.log.outputs.append(OutputLog(encodable(url), encodable(path), str(size)))
        return sum(int(one.size_bytes) for one in self.log.outputs)

    async def _make_nodes(self, output: Output) -> None:
        """Make nodes of the files of an output. A file that is one already, by a link or as an input, stays that; a
        link to what is neither an input nor in the output is nothing."""
        for path, is_inside in await self._in_thread(self._listed, output):
            size, url = 0, output.url
            if not path.endswith("/"):
                with ExitStack() as stack:
                    file = await self._in_thread(stack.enter_context, self._tree.opened(path))
                    found, size = _stamp(os.fstat(file)), os.fstat(file).st_size
                    if not is_inside and found not in self._nodes:
                        continue
                    if not self._nodes.get(found):
                        name = encodable(PurePosixPath(path).name)
                        place = Path(f"/proc/self/fd/{file}")
                        node = await self._make_node(output.host, place, name, self._task.expiration)
                        self._nodes[found] = f"{output.url}/{node}"
                    url = self._nodes[found]
            self.log.outputs.append(OutputLog(url, encodable(path), str(size)))

    def _listed(self, output: Output) -> list[tuple[str, bool]]:
        """The paths of the files and, with a ``/`` at the end, of the empty directories of an output; and whether
        what is there lies in it."""
        is_pattern, tree = WILDCARDS.search(output.path), self._tree
        tops = tree.matching(output.path) if is_pattern else [output.path.rstrip("/")]
        return [
            (path, tree.real(path).is_relative_to(tree.real(top))) for top in tops for path in tree.everything(top)
        ]

    async def _bring_out(self, path: str, url: str) -> int:
        """Bring the file at *path* to *url*; its bytes. What was opened is what is sent, whoever changes the path."""
        with ExitStack() as stack:
            try:
                file = await self._in_thread(stack.enter_context, self._tree.opened(path))
                if _is_place(os.fstat(file)):
                    raise FileNotFoundError
            except FileNotFoundError:
                raise WorkFailed(f"missing output files: {path}") from None
            await self._urls.deliver(Path(f"/proc/self/fd/{file}"), url)
            return os.fstat(file).st_size

    def _found(self, output: Output) -> list[tuple[str, str]]:
        """The paths of the files of an output, each with its URL."""
        if not WILDCARDS.search(output.path):
            return list(self._files(output, output.path, output.url))
        matches = self._tree.matching(output.path)
        found = []
        for match in matches:
            url = _below(output.url, match.removeprefix(output.path_prefix))
            if output.type == DIRECTORY or self._tree.real(match).is_file():
                found += self._files(output, match, url)
        return found

    def _files(self, output: Output, path: str, url: str) -> list[tuple[str, str]]:
        if output.type != DIRECTORY:
            return [(path, url)]
        if not self._tree.real(path).is_dir():
            raise WorkFailed(f"missing output directory: {path}")
        top = path.rstrip("/")
        return [(found, _below(url, found.removeprefix(f"{top}/"))) for found in self._tree.files(top)]


_Stamp = tuple[int, int, int]


def _stamp(found: os.stat_result) -> _Stamp:
    """What tells a file from others, and from what becomes of it: no command can set the time of its change."""
    return found.st_dev, found.st_ino, found.st_ctime_ns


def _copy(stream: Log, offset: int, file: BinaryIO) -> None:
    while piece := stream.piece(offset, 1 << 20):
        offset += file.write(piece)


def _hold_place(path: Path) -> None:
    """Have a file at *path*, of which is known later whether a command has written it."""
    if not path.exists():
        path.touch()
        os.utime(path, ns=(0, 0))


def _is_place(found: os.stat_result) -> bool:
    """Whether a file is as :func:`_hold_place` has made it."""
    return found.st_size == found.st_mtime_ns == 0


def _points(task: TesTask, roots: FileRoots) -> tuple[str, ...]:
    """The paths of *task* that its executors share; none lies below another."""
    paths = ["/tmp", *task.volumes, *(one.path for one in task.inputs)]  # noqa: S108  the task's own
    paths += [_place_of(output) or output.path for output in task.outputs]
    points: list[str] = []
    for path in sorted({path.rstrip("/") for path in paths if not roots.has(Path(path))}):
        if not any(PurePosixPath(path).is_relative_to(point) for point in points):
            points.append(path)
    return tuple(points)


def _place_of(output: Output) -> str:
    """The directory in which an output is made, "" for the root."""
    begin = WILDCARDS.split(output.path, maxsplit=1)[0]
    return begin.rstrip("/").rpartition("/")[0] if begin == output.path else begin.rpartition("/")[0]


def _below(url: str, path: str) -> str:
    """The URL of *path* below *url*."""
    relative = path.lstrip("/")
    return f"{url.rstrip('/')}/{relative if url.startswith('/') else quote(os.fsencode(relative))}"
