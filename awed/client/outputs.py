"""Where the outputs of a job are, and how they become files."""

from pathlib import Path, PurePosixPath

from awed.client.blocking import Server
from awed.model.ids import task_name
from awed.model.job import IO, NO_NODE, Job


def output_urls(job: Job) -> dict[str, str]:
    """The URL of each output, by ``TASK/FILENAME``; "" for one that is not there (yet)."""
    return {
        f"{task_name(task.taskid)}/{output.filename}": _url(output)
        for task in job.tasks
        for output in task.outputs
        if output.is_made and not output.nofile
    }


def kept_outputs(job: Job) -> dict[str, str]:
    """As :func:`output_urls`, of the outputs that a completed job has: without temporary ones, and without optional
    ones that were not made."""
    gone = {
        f"{task_name(task.taskid)}/{output.filename}"
        for task in job.tasks
        for output in task.outputs
        if output.temporary or output.delete
    }
    return {name: url for name, url in output_urls(job).items() if url and name not in gone}


def fetch(server: Server, url: str, path: Path) -> None:
    """Download *url* to *path*, which appears when it is whole. Raises :class:`OSError` and what a call raises."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            server.download(url, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


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


def _url(output: IO) -> str:
    if output.url:
        return output.url
    return f"{output.host}/node/{output.node}?download" if output.host and output.node != NO_NODE else ""
