"""The files of a task in data stores: prepared before it runs, checked when its work is done, deleted in the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from awed.model.errors import AwedError, Invalid, NotFound, Unauthorized
from awed.model.ids import task_name
from awed.model.job import IO, NO_NODE, UPDATE, Task
from awed.model.node import Node
from awed.model.reuse import Result, ResultFile
from awed.scheduler.tasks import Prepared
from awed.service.reuse import Finder, Input
from awed.service.splitting import Split, split, split_input
from awed.shock.interface import IShock


class DataToken(Struct, frozen=True):
    """The data token of a job, and the data hosts to which it may be sent, None for all."""

    text: str = ""
    hosts: Set[str] | None = None

    def at(self, host: str) -> str:
        """The token for *host*, "" if it must not have it."""
        return self.text if self.hosts is None or host in self.hosts else ""


class Access(Struct, frozen=True):
    """The data token and the user (*owner*) with whose rights the nodes of a job are used."""

    token: DataToken
    owner: str


ShockFor = Callable[[str, Access], IShock]
"""The Shock at a host, to be used with these rights; for ``own:`` the daemon's own node store."""


class Missing(AwedError):
    """Declared outputs are missing. *ranks*: of the workunits that did not send them."""

    def __init__(self, names: Sequence[str], ranks: Sequence[int]) -> None:
        super().__init__(f"declared outputs are missing: {', '.join(names)}")
        self.ranks = list(ranks)


class TaskFiles:
    """What the effects do. Every method raises what ``IShock`` raises, with the file's name."""

    def __init__(self, shock_for: ShockFor) -> None:
        self._shock_for = shock_for

    async def prepare(
        self, task: Task, origins: Mapping[str, Task], access: Access, finder: Finder | None = None
    ) -> Prepared:
        """Look up the inputs, split the task by one of them, and make the nodes of the outputs.

        *origins*: by name, the tasks from which inputs come. Outputs that have a node keep it. *finder*: finds the
        result of an equal task; its outputs are copied, and the task need not run.
        """
        read = [await self._input(io, origins, access) for io in task.inputs]
        inputs = [one.io for one in read]
        parts = await self._split(task, inputs, access)
        predata = [await self._input(io, origins, access) for io in task.predata]
        found = [_updated(io, inputs, origins) for io in task.outputs]
        reusing, result = await finder.find(task, read, predata, parts) if finder else (None, None)
        outputs = await self._copies(found, result, access) if result else None
        return Prepared(
            inputs=inputs,
            outputs=await self._outputs(found, parts.totalwork, access) if outputs is None else outputs,
            predata=[one.io for one in predata],
            part=parts.part,
            totalwork=parts.totalwork,
            note=parts.note,
            reusing=reusing,
            origin=result.origin if result and outputs is not None else "",
        )

    async def _split(self, task: Task, inputs: Sequence[IO], access: Access) -> Split:
        source = split_input(task, inputs)
        if source is None:
            return Split(task.totalwork)
        with _about(source):
            return await split(task, source, self._shock_for(source.host, access))

    async def _input(self, io: IO, origins: Mapping[str, Task], access: Access) -> Input:
        with _about(io):
            if io.origin:
                source = _output_of(io, origins)
                io = replace(io, host=source.host, node=source.node, size=source.size)
                io.url = source.url if source.is_elsewhere else io.url
            if io.node == NO_NODE:
                return Input(io, None)
            node = await self.readable(io, access)
            await self._index(io, node, access)
            return Input(replace(io, size=node.file.size), node)

    async def readable(self, io: IO, access: Access) -> Node:
        """The node of an input. Raises :class:`~awed.model.errors.Invalid` if it has no file."""
        node = await self._shock_for(io.host, access).node(io.node)
        if not node.has_file and not io.nofile:
            raise Invalid(f"node {io.node} of {io.host} has no file")
        return node

    async def _copies(self, outputs: Sequence[IO], result: Result, access: Access) -> list[IO] | None:
        """The outputs, with new nodes that have the files of *result*; None if these have changed or are gone."""
        files = {file.filename: file for file in result.files}
        made: list[IO] = []
        try:
            for io in outputs:
                made.append(await self._output(io, 1, access))
                await self._copy(made[-1], files.get(io.filename), access)
        except AwedError as error:
            for io in made:
                await self.delete(io.host, io.node, access)
            if isinstance(error, Invalid | NotFound | Unauthorized):
                return None
            raise
        return made

    async def _copy(self, io: IO, file: ResultFile | None, access: Access) -> None:
        """Give the new node of an output the *file* of a result. Raises :class:`Invalid` if the file has changed."""
        if file is None or not file.md5:
            if not io.is_optional:
                raise Invalid(f"{io.filename}: the result has no such file")
            return
        shock = self._shock_for(io.host, access)
        source = await shock.node(file.node)
        if source.file.checksum.get("md5") != file.md5:
            raise Invalid(f"{io.filename}: node {file.node} has another file by now")
        await shock.copy(io.node, file.node)

    async def _outputs(self, outputs: Sequence[IO], totalwork: int, access: Access) -> list[IO]:
        """The outputs with their nodes. If one cannot be made, those made before are deleted."""
        made: list[IO] = []
        try:
            for io in outputs:
                made.append(await self._output(io, totalwork, access))
        except AwedError:
            for new, io in zip(made, outputs, strict=False):
                if new is not io:
                    await self.delete(new.host, new.node, access)
            raise
        return made

    async def _output(self, io: IO, totalwork: int, access: Access) -> IO:
        if io.node != NO_NODE or io.is_elsewhere:
            return io
        with _about(io):
            shock = self._shock_for(io.host, access)
            node = await shock.create(totalwork, io.shockfilename or io.filename)
            return replace(io, node=node.id)

    async def check(self, task: Task, access: Access) -> tuple[list[IO], dict[str, str]]:
        """The outputs with their sizes and URLs, and their MD5s by file name.

        Raises :class:`Missing` with all that are missing.
        """
        outputs: list[IO] = []
        md5s: dict[str, str] = {}
        missing: list[str] = []
        ranks: set[int] = set()
        for io in task.outputs:
            if io.is_elsewhere:  # its worker brought it there, or has failed
                outputs.append(io)
                continue
            with _about(io):
                node = await self._delivered(io, access)
            if node is not None and _satisfies(io, node):
                outputs.append(replace(io, size=node.file.size, url=f"{io.host}/node/{io.node}?download"))
                md5s[io.filename] = node.file.checksum.get("md5", "")
            elif io.is_optional:
                outputs.append(io)
            else:
                missing.append(io.filename)
                ranks |= _undelivered(node, task.totalwork)
        if missing:
            raise Missing(missing, sorted(ranks))
        return outputs, md5s

    async def _delivered(self, io: IO, access: Access) -> Node | None:
        shock = self._shock_for(io.host, access)
        try:
            node = await shock.node(io.node)
        except NotFound:
            return None
        await self._index(io, node, access)
        return node

    async def _index(self, io: IO, node: Node, access: Access) -> None:
        """Have the index made that the document asks for. An empty file needs none."""
        if io.shockindex and node.file.size:
            await self._shock_for(io.host, access).index(io.node, io.shockindex)

    async def is_there(self, io: IO, access: Access) -> bool:
        """Whether the node of a file still exists."""
        with _about(io):
            try:
                await self._shock_for(io.host, access).node(io.node)
            except NotFound:
                return False
            return True

    async def delete(self, host: str, node_id: str, access: Access) -> None:
        """Delete a node. It is no error if there is none."""
        await self._shock_for(host, access).delete(node_id)


def _output_of(io: IO, origins: Mapping[str, Task]) -> IO:
    for output in origins[task_name(io.origin)].outputs:
        if output.filename == io.filename:
            return output
    raise Invalid(f"task {io.origin} has no output of that name")


def _updated(io: IO, inputs: Sequence[IO], origins: Mapping[str, Task]) -> IO:
    """*io* with its node, if it updates the output of another task, or the input with the same name."""
    if io.type != UPDATE or io.node != NO_NODE:
        return io
    with _about(io):
        source = _output_of(io, origins) if io.origin else _input_of(io, inputs)
        return replace(io, host=source.host, node=source.node)


def _input_of(io: IO, inputs: Sequence[IO]) -> IO:
    for source in inputs:
        if source.filename == io.filename and source.node != NO_NODE:
            return source
    raise Invalid("an update needs a node, an origin, or an input of that name in a data store")


def _satisfies(io: IO, node: Node) -> bool:
    if io.nofile or io.type == UPDATE:
        return True
    return node.has_file and (node.file.size > 0 or not io.nonzero)


def _undelivered(node: Node | None, totalwork: int) -> set[int]:
    """The ranks that must run again for a missing output: those whose part is missing, else all."""
    if totalwork == 1:
        return {0}
    arrived = node.parts.parts if node is not None and node.parts is not None else []
    missing = {rank for rank in range(1, totalwork + 1) if rank > len(arrived) or not arrived[rank - 1]}
    return missing or set(range(1, totalwork + 1))


@contextmanager
def _about(io: IO) -> Iterator[None]:
    """Context in which the name of the file is put before the texts of errors."""
    try:
        yield
    except AwedError as error:
        error.texts = [f"{io.filename}: {text}" for text in error.texts]
        raise
