"""What the runs of a job have to do with: tools, container images and files, each an entity of a crate."""

from collections.abc import Iterable, Iterator
from mimetypes import MimeTypes
from typing import NamedTuple

from awed.crates.terms import TERMS, Entity, given, iso, local, ref
from awed.model.job import IO, SCRIPT_NAME, Job, Task
from awed.model.node import NodeFile
from awed.model.resources import DISK, MEMORY, Needs, needs_of
from awed.model.times import NO_TIME

_TYPES = MimeTypes()
"""The media types that Python knows, the same on every machine."""


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


def tool_of(job: Job, task: Task) -> Tool:
    """The tool of *task*, which is one of *job*. That of a TES task is the first of its commands."""
    name = task.cmd.name or SCRIPT_NAME
    if task.tes:
        name = next((word for one in task.tes.executors for word in one.command), name)
    return Tool(name, next(images_of(task), ""), needs_of(job.info.resources, task.resources))


def images_of(task: Task) -> Iterator[str]:
    """The container images of *task*, of which a TES task may have several."""
    images = [one.image for one in task.tes.executors] if task.tes else [task.cmd.image]
    return iter(dict.fromkeys(filter(None, images)))


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


def is_there(io: IO) -> bool:
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
            "@type": "File",
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
