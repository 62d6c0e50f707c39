"""The files of a job: those that its tasks read and make, with sizes and links."""

from collections.abc import Iterator

from twisted.web.template import Tag, tags

from awed.model.addresses import without_secrets
from awed.model.ids import task_name
from awed.model.job import IO, NO_NODE, OWN_HOST, Job
from awed.model.quantities import rough_size
from awed.model.states import ACTIVE
from awed.ui.frame import Links
from awed.ui.view import JobView
from awed.ui.words import count

MOST = 1000
"""The most files that are shown."""


def files(view: JobView, links: Links) -> Tag:
    """The table: first the outputs, then the inputs that no task of the job makes."""
    found = list(_found(view.job))
    rows = (_row(view, links, *one) for one in found[:MOST])
    head = tags.thead(tags.tr(*(tags.th(name, scope="col") for name in ("", "File", "Task", "Size", ""))))
    more = tags.p(f"and {count(len(found) - MOST, 'more file')}", class_="empty") if len(found) > MOST else ""
    none = tags.p("It has no files.", class_="empty")
    table = tags.table(head, tags.tbody(view.turns.paced(rows))) if found else none
    return tags.div(table, more, _crate(view.job, links), class_="scroll", id="files-of-job")


def _crate(job: Job, links: Links) -> Tag:
    """The link to the crate of a job that has one."""
    if job.state in ACTIVE:
        return tags.p()
    link = tags.a("Crate", href=links.api(f"job/{job.id}?crate"), download=f"{job.id}.crate.zip")
    return tags.p(link, ": what the job ran, for others to read and to keep (RO-Crate)")


def _found(job: Job) -> Iterator[tuple[str, str, IO]]:
    for task in job.tasks:
        yield from (("output", task_name(task.taskid), io) for io in task.outputs)
    for task in job.tasks:
        outside = (io for io in (*task.inputs, *task.predata) if not io.origin)
        yield from (("input", task_name(task.taskid), io) for io in outside)


def _row(view: JobView, links: Links, kind: str, task: str, io: IO) -> Tag:
    address = where(links, io)
    return tags.tr(
        tags.td(kind),
        tags.td(io.filename, class_="c-name"),
        tags.td(tags.a(task, href=view.task(task))),
        tags.td(rough_size(io.size) if io.size else "", class_="num"),
        tags.td(tags.a("Download", href=address, download=io.filename) if address else ""),
        **{"data-file": io.filename, "data-kind": kind},
    )


def where(links: Links, io: IO) -> str:
    """The address for the download of a file, "" if there is none yet."""
    if io.host == OWN_HOST:
        return links.api(f"node/{io.node}?download") if io.node != NO_NODE else ""
    is_open = io.url.startswith(("http://", "https://")) and without_secrets(io.url) == io.url
    return io.url if is_open else ""
