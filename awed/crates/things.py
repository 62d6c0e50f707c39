"""What the runs of a job have to do with: tools, container images and files, each an entity of a crate."""

from collections.abc import Iterable, Iterator, Sequence
from mimetypes import MimeTypes
from typing import NamedTuple

from msgspec.structs import replace

from awed.crates.terms import TERMS, Entity, given, iso, local, ref
from awed.model.ids import task_name
from awed.model.job import IO, SCRIPT_NAME, Job, Task
from awed.model.node import NodeFile
from awed.model.resources import DISK, MEMORY, RUNNER, Needs, needs_of
from awed.model.tes import COLLECTION, TREE, OutputLog
from awed.model.times import NO_TIME

_TYPES = MimeTypes()
"""The media types that Python knows, the same on every machine."""


class Part(NamedTuple):
    """A task that a crate tells of, and the job of which it is one. *step*: what it is called in the workflow. *read*
    and *made*: its files, those that there are."""

    job: Job
    task: Task
    step: str
    read: Sequence[IO]
    made: Sequence[IO]


def part_of(job: Job, task: Task, brought: Iterable[OutputLog], base: str) -> Part:
    """*task*, which has addresses at *base*, as a part. A TES task is called as its job is; *brought*: the files that
    its last run has brought to where they belong."""
    read = [io for io in (*task.inputs, *task.predata) if _is_there(io)]
    made = [io for io in task.outputs if _is_there(io)]
    if not task.tes:
        return Part(job, task, task_name(task.taskid), read, made)
    read = [replace(io, filename=io.filename.removeprefix(f"{TREE}/")) for io in read]
    made += [_brought(one, base) for one in brought if "://" in one.url and not one.path.endswith("/")]
    return Part(job, task, job.info.name, read, made)


def _brought(one: OutputLog, base: str) -> IO:
    nodes, size = f"{base}{COLLECTION}/", int(one.size_bytes) if one.size_bytes.isdecimal() else 0
    if not one.url.startswith(nodes):
        return IO(one.path.lstrip("/"), url=one.url, size=size)
    node = one.url.removeprefix(nodes).partition("?")[0]
    return IO(one.path.lstrip("/"), host=base, node=node, size=size)


def workflow_of(job: Job) -> IO | None:
    """The file with the workflow of which *job* is a run, None if it is no run of one."""
    if len(job.tasks) != 1 or job.tasks[0].cmd.name != RUNNER:
        return None
    (task,) = job.tasks
    files = {io.filename: io for io in task.inputs}
    named = (word.partition("#")[0] for word in task.cmd.args_array)  # the inputs of the workflow come after it
    return next((files[name] for name in named if name in files), None)


class Tool(NamedTuple):
    """What tasks with the same tool have in common: the name of the command, its image, and what it needs."""

    name: str
    image: str
    needs: Needs

    def entity(self, tool_id: str, url: str) -> Entity:
        """Its entity. *url*: where the command is described."""
        amounts = dict(self.needs)
        others = [f"{amount:g} {name}" for name, amount in self.needs if name not in (MEMORY, DISK)]
        return given(
            {
                "@id": tool_id,
                "@type": "SoftwareApplication",
                "name": self.name,
                "softwareVersion": self.image or "as installed on the workers",
                "url": url,
                "processorRequirements": ", ".join(others),
                "memoryRequirements": f"{amounts[MEMORY]} bytes" if MEMORY in amounts else None,
                "storageRequirements": f"{amounts[DISK]} bytes" if DISK in amounts else None,
            }
        )


def tool_of(part: Part) -> Tool:
    """The tool of a part. That of a TES task is the first of its commands."""
    task = part.task
    name = task.cmd.name or SCRIPT_NAME
    if task.tes:
        name = next((word for one in task.tes.executors for word in one.command), name)
    return Tool(name, next(images_of(task), ""), needs_of(part.job.info.resources, task.resources))


def images_of(task: Task) -> Iterator[str]:
    """The container images of *task*, of which a TES task may have several."""
    images = [one.image for one in task.tes.executors] if task.tes else [task.cmd.image]
    return iter(dict.fromkeys(filter(None, images)))


def variables_of(task: Task) -> dict[str, str]:
    """The environment variables of *task* that its document shows."""
    executors = task.tes.executors if task.tes else []
    return {**task.cmd.environ.public, **{name: value for one in executors for name, value in one.env.items()}}


def image_id(image: str) -> str:
    """What a container image is called in the crate."""
    return local(f"image/{image}")


def image_entity(image: str) -> Entity:
    """The entity of a container image. It has a digest if its name does."""
    name, _, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    has_registry = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    registry, path = (first, rest) if has_registry else ("docker.io", name)
    path, _, tag = path.partition(":")
    kind = "SIFImage" if name.endswith(".sif") else "DockerImage"
    return given(
        {
            "@id": image_id(image),
            "@type": "ContainerImage",
            "additionalType": ref(f"{TERMS}{kind}"),
            "registry": registry,
            "name": path,
            "tag": tag,
            "sha256": digest.removeprefix("sha256:") if digest.startswith("sha256:") else None,
        }
    )


def _is_there(io: IO) -> bool:
    """Whether there is a file: an output may not have been made, or be a node without one."""
    return bool(io.address) and not io.nofile


def temporary_nodes(tasks: Iterable[Task]) -> Iterator[str]:
    """The nodes that are deleted when the job of these tasks is done."""
    for task in tasks:
        yield from (io.node for io in task.outputs if io.temporary or io.delete)
        yield from (io.node for io in task.inputs if io.delete)


def file_entity(file_id: str, io: IO, known: NodeFile | None, now: str | None) -> Entity:
    """The entity of a file. *known*: what its node says of it. *now*: when it was looked at."""
    name = io.filename or io.name
    size = known.size if known else io.size
    return given(
        {
            "@id": file_id,
            # One that is gone is no data of the crate.
            "@type": "CreativeWork" if file_id.startswith("#") else "File",
            "name": name,
            "encodingFormat": _media_type(name),
            "contentSize": str(size) if size or not io.is_elsewhere else None,  # hosts of URLs need not tell the size
            "md5": known.checksum.get("md5") if known else None,
            "dateCreated": iso(known.created_on) if known and known.created_on != NO_TIME else None,
            "sdDatePublished": now,
        }
    )


def _media_type(name: str) -> str:
    kind, encoding = _TYPES.guess_type(name)
    if encoding:
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return kind or "application/octet-stream"
