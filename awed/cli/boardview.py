"""The screen of ``awe top``."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.text import Text

from awed.cli.board import Board
from awed.cli.lookup import Line
from awed.cli.show import load, queue_table, ran, state_text, took
from awed.cli.table import Rows, bar, lasting
from awed.cli.words import STATES, clean, counted, done, elapsed, sentence, short, work_name, worker_name
from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.times import NO_TIME

_KEYS_JOBS = "up/down choose  enter open  / filter  s suspend/resume  tab workers  q quit"
_KEYS_WORKERS = "up/down choose  s suspend/resume  tab jobs  q quit"
_KEYS_OPENED = "escape back  s suspend/resume  q quit"

_CHOSEN = "reverse"

_HEAD = 6
"""Lines with the counts."""

_TITLES = 3
"""Lines above the rows of a list."""


def render(board: Board, height: int, now: datetime) -> RenderableType:
    """The screen, of *height* lines."""
    state = "suspended" if board.news.is_suspended else "running"
    told = f"{board.news.fault}; waiting for it" if board.news.fault else f"{board.title}   the queue is {state}"
    head = Group(_line(told), queue_table(board.news.counts))
    top, foot = Layout(head, size=_HEAD), Layout(_foot(board), size=1)
    rest = height - _HEAD - 1
    layout = Layout()
    if board.wish.opened:
        layout.split_column(top, Layout(_opened(board, rest, now)), foot)
    else:
        size = min(len(board.news.workers) + _TITLES, max(_TITLES + 1, rest // 2))
        jobs, workers = Layout(_jobs(board, rest - size, now)), Layout(_workers(board, size), size=size)
        layout.split_column(top, jobs, workers, foot)
    return layout


def _line(text: str, style: str = "") -> Text:
    return Text(clean(text, strip=False), style=style, no_wrap=True, overflow="ellipsis")


def _foot(board: Board) -> Text:
    keys = _KEYS_OPENED if board.wish.opened else _KEYS_WORKERS if board.among_workers else _KEYS_JOBS
    text = board.told or keys
    if board.asked is not None:
        text = f"{board.asked.question}? y yes, any other key no"
    elif board.typed is not None:
        text = f"jobs whose name has: {board.typed}_  enter show them  escape show all"
    return _line(text, "bold")


def _jobs(board: Board, height: int, now: datetime) -> RenderableType:
    news = board.news
    which = f" whose name has {board.wish.words}" if board.wish.words else ""
    cut, spare = ("name", "notes"), ("notes", "ran", "age")
    table = Rows("", "id", "name", "state", "", "tasks", "age", "ran", "notes", cut=cut, spare=spare)
    begin, chosen = _window(board, height, workers=False)
    for place, job in enumerate(news.jobs[begin:], begin):
        table.add(
            ">" if place == chosen else "",
            short(job.id),
            job.name,
            state_text(job.state),
            bar(job.donetasks, job.tasks),
            f"{job.donetasks}/{job.tasks}",
            lasting(elapsed(job.submittime, NO_TIME, now)),
            ran(job),
            sentence(job.notes),
            style=_CHOSEN if place == chosen else "",
        )
    return Group("", _line(f"{len(news.jobs)} of {counted(news.total, 'job')}{which}", "bold"), table)


def _workers(board: Board, height: int) -> RenderableType:
    news = board.news
    hidden = f", {news.hidden} more of groups that you may not see" if news.hidden else ""
    cut, spare = ("name", "works on"), ("failed", "done", "group")
    table = Rows("", "name", "group", "state", "", "in use", "works on", "done", "failed", cut=cut, spare=spare)
    begin, chosen = _window(board, height, workers=True)
    for place, client in enumerate(news.workers[begin:], begin):
        used, total, unit = load(client)
        table.add(
            ">" if place == chosen else "",
            worker_name(client),
            client.group,
            state_text(client.status),
            bar(used, total),
            f"{used:g}/{total:g} {unit}",
            ", ".join(map(work_name, client.current_work)),
            str(client.total_completed),
            str(client.total_failed),
            style=_CHOSEN if place == chosen else "",
        )
    return Group("", _line(f"{counted(len(news.workers), 'worker')}{hidden}", "bold"), table)


def _opened(board: Board, height: int, now: datetime) -> RenderableType:
    job = board.opened()
    if job is None:
        return Text(" ")  # a layout takes an empty text for none
    lines = [_line(line, "dim") for line in board.news.lines]
    room = max(1, height - _TITLES - 1 - len(lines))
    unfinished = next((place for place, task in enumerate(job.tasks) if task.remainwork), 0)
    begin = max(0, min(unfinished, len(job.tasks) - room))
    title = f"{Line(job.id, job.info.name).label} is {STATES[job.state]}, {done(job)} tasks done"
    tasks = _tasks(job, job.tasks[begin : begin + room], now)
    return Group("", _line(title, "bold"), _line(board.news.why), tasks, *lines)


def _tasks(job: Job, tasks: Sequence[Task], now: datetime) -> Rows:
    table = Rows("task", "state", "", "work", "took", "needs", cut=("task", "needs"), spare=("needs",))
    for task in tasks:
        table.add(
            task_name(task.taskid),
            state_text(task.state),
            bar(task.totalwork - task.remainwork, task.totalwork),
            f"{task.totalwork - task.remainwork}/{task.totalwork}",
            took(job, task, now),
            ", ".join(map(task_name, task.depends_on)),
        )
    return table


def _window(board: Board, height: int, *, workers: bool) -> tuple[int, int]:
    """The places of the first row that is shown, so that the chosen one is, and of the chosen one; -1 for none."""
    if workers is not board.among_workers:
        return 0, -1
    place = board.place()
    return max(0, place - max(height - _TITLES, 1) + 1), place
