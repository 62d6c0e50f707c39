"""The panel of a task beside the view of its job: its command, files, progress and logs."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from twisted.web.template import Tag, tags

from awed.model.errors import Invalid, LogNotFound
from awed.model.ids import job_of, parse_work_id, task_name, work_id
from awed.model.job import IO, Job, Task
from awed.model.quantities import rough_size
from awed.model.resources import amounts_of
from awed.model.states import TaskState
from awed.service.engine import Engine
from awed.ui.attempts import attempts
from awed.ui.files import where
from awed.ui.frame import Links
from awed.ui.glyphs import badge
from awed.ui.tasks import began_at
from awed.ui.view import JobView
from awed.ui.words import command, elapsed, moment, needs, short

TAIL = 100_000
"""How many bytes at the end of a log are shown."""

FOLLOWED = ("stdout", "stderr")
"""Logs that can be read while the command runs."""

STREAMS = (*FOLLOWED, "worknotes")


Fact = tuple[str, Tag | str]
"""A name and its value, "" for none."""


class Logs(NamedTuple):
    """The logs of the workunit with this *rank*: *texts* by stream."""

    rank: int
    texts: dict[str, str]


async def logs(engine: Engine, task: Task, job: Job, part: int | None) -> Logs:
    """The logs of a workunit of *task*: the one with the rank *part*, else the one that failed last, else the first.

    Raises :class:`~awed.model.errors.Invalid` if there is no such workunit.
    """
    rank = task.ranks[0] if part is None else part
    if part is None and job.lastfailed.rpartition("_")[0] == task.taskid:
        rank = parse_work_id(job.lastfailed).rank
    if rank not in task.ranks:
        raise Invalid(f"task {task_name(task.taskid)} has no part {rank}")
    texts = {}
    for name in STREAMS:
        try:
            texts[name] = await engine.work.log(parse_work_id(work_id(task.taskid, rank)), name)
        except LogNotFound:
            texts[name] = ""
    return Logs(rank, texts)


class More(NamedTuple):
    """What the panel of a task has that is not in its record: an *action*, "" for none; the *worker* that runs it, ""
    for none; and its *parts*."""

    action: Tag | str
    worker: Tag | str
    parts: Iterable[Tag]


def panel(view: JobView, task: Task, found: Logs, links: Links, more: More) -> Tag:
    """The panel of *task*, with the logs that were *found*."""
    name, clock = task_name(task.taskid), view.clock
    began = began_at(task)
    facts: list[Fact] = [
        ("Needs", needs(amounts_of(view.job.info.resources, task.resources).items())),
        ("Ran", elapsed(began, task.completeddate, clock, lives=view.lives) if began else ""),
        ("Ready", moment(task.createddate)),
        ("Ended", moment(task.completeddate)),
        ("Groups", task.clientgroups),
        ("Walltime", f"{task.walltime} s" if task.walltime else ""),
        ("Image", task.cmd.docker_image or task.cmd.docker_pull),
        ("Runs on", more.worker),
        ("Result of", _source(task, links)),
    ]
    shown = [tags.div(tags.dt(name), tags.dd(value)) for name, value in facts if value]
    after = [task_name(before) for before in task.depends_on]
    return tags.aside(
        tags.div(
            tags.h2(name),
            badge(view.look(task)),
            tags.a(
                "\N{MULTIPLICATION SIGN}",
                href=view.tabbed(view.tab),
                class_="close",
                **{"aria-label": "Close", "data-close": ""},
            ),
            class_="head",
        ),
        tags.h3("Command"),
        tags.pre(_lines(task), class_="command", tabindex="0"),
        tags.dl(*shown, class_="facts"),
        more.action,
        *([tags.h3("After"), tags.p(*_links(view, after))] if after else []),
        *_files("Inputs", task.inputs, links),
        *_files("Outputs", task.outputs, links),
        *more.parts,
        *attempts(task),
        *_logs(task, found, links),
        class_="card side",
        id="side",
        **{"aria-label": f"Task {name}", "data-side": name},
    )


def _source(task: Task, links: Links) -> Tag | str:
    """The job whose results the task has, as it was not run."""
    if not task.reused:
        return ""
    source = job_of(task.reused[0])
    return tags.a(f"job {short(source)}", href=links(f"job/{source}"))


def _lines(task: Task) -> str:
    return "\n".join(task.cmd.cmd_script) or command(task)


def _links(view: JobView, names: Sequence[str]) -> list[Tag | str]:
    shown: list[Tag | str] = []
    for name in names[:20]:
        shown += [tags.a(name, href=view.task(name)), " "]
    return [*shown, *([f"and {len(names) - 20} more"] if len(names) > 20 else [])]


def _files(title: str, files: Sequence[IO], links: Links) -> list[Tag]:
    if not files:
        return []
    rows = [tags.li(_file(io, links), tags.small(rough_size(io.size) if io.size else "")) for io in files[:20]]
    more = [tags.li(f"and {len(files) - 20} more")] if len(files) > 20 else []
    return [tags.h3(title), tags.ul(*rows, *more, class_="files")]


def _file(io: IO, links: Links) -> Tag:
    address = where(links, io)
    return tags.a(io.filename, href=address, download=io.filename) if address else tags.span(io.filename)


def _logs(task: Task, found: Logs, links: Links) -> list[Tag]:
    runs_on = task.state is not TaskState.COMPLETED
    shown = [
        _log(name, text, work_id(task.taskid, found.rank), links, follows=runs_on and name in FOLLOWED)
        for name, text in found.texts.items()
        if text or name != "worknotes"
    ]
    return [tags.h3("Logs"), *shown]


def _log(name: str, text: str, work: str, links: Links, *, follows: bool) -> Tag:
    """A log with its *text* as it is now. *follows*: whether the page's script adds what comes."""
    tail = text[-TAIL:].encode(errors="replace")[-TAIL:]
    cut = tail.decode(errors="ignore")  # it may begin within a character
    attributes = {"data-log": name, "data-work": work, "role": "log", "aria-label": name}
    if follows:
        attributes["data-source"] = links.api(f"work/{quote(work)}/log?stream={name}")
    told = "empty" if not text else f"the last {rough_size(len(tail))}" if len(cut) < len(text) else ""
    pane = tags.pre(cut, class_="log", tabindex="0", id=f"pane-{work}-{name}", **attributes)
    whole = tags.a("Download", href=links.api(f"work/{quote(work)}?report={name}"), download=f"{work}.{name}")
    about = {"data-find": name, "aria-label": f"Find in {name}"}
    find = tags.input(type="search", placeholder="Find", class_="js-only", **about)
    bar = tags.div(find, tags.small(told), whole, class_="log-bar")
    return tags.details(tags.summary(name), bar, pane, id=f"log-{name}", open="")
