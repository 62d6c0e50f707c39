"""What ``awe top`` shows, and what its keys do."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console

from awed.cli.board import Act, Board, News, Wish
from awed.cli.boardview import render
from awed.cli.keys import keys_in
from awed.model.client import Client
from awed.model.job import Job
from awed.model.states import ClientState, JobState, TaskState
from awed.wire.jobs import whole_line
from tests.unit.cli.fake import job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TASKS = [task("a", TaskState.COMPLETED), task("b", TaskState.IN_PROGRESS, totalwork=4, remainwork=1)]


def numbered(number: int, state: JobState = JobState.IN_PROGRESS) -> Job:
    """A job with an id and a name of its own."""
    return replace(job(*TASKS, state=state, name=f"job{number}"), id=f"{number:08}-9ebf-4027-a1c9-1578d354c940")


def board(*jobs: Job, workers: int = 2) -> Board:
    """A board on which the first job is chosen."""
    clients = [
        Client(id=f"c{number}", name=f"w{number}", slots=4, current_work={"j_b_1": True}) for number in range(workers)
    ]
    made = Board("http://awe")
    made.hear(
        News(
            {"jobs": {"total": len(jobs)}},
            jobs=[whole_line(one) for one in jobs],
            total=len(jobs),
            workers=clients,
            hidden=1,
        )
    )
    return made


def pressed(made: Board, *keys: str) -> Act | None:
    """What the last of *keys* decides."""
    *before, last = keys
    assert [made.press(key) for key in before] == [None] * len(before)
    return made.press(last)


def shown(made: Board, width: int = 80, height: int = 24) -> list[str]:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=height, color_system=None, highlight=False)
    console.print(render(made, height, NOW), height=height)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_keys_are_told_apart_however_many_come_at_once() -> None:
    assert list(keys_in("a\x1b[B\x1bOA\x1b[5~\x1b\r\x7f/\x1b[1;5C\x00\u00fc")) == [
        *("a", "down", "up", "page up", "escape", "enter", "delete", "/", "\u00fc"),
    ]


def test_what_is_chosen_is_suspended_or_resumed_after_a_question() -> None:
    made = board(numbered(1), numbered(2, JobState.SUSPEND), numbered(3, JobState.COMPLETED))
    assert pressed(made, "s", "n") is None
    act = pressed(made, "s", "y")
    assert act is not None
    assert (act.path, act.done) == (f"/job/{numbered(1).id}?suspend", "job 00000001 (job1): suspended")
    assert pressed(made, "down", "s") is None
    assert "Resume job 00000002 (job2)?" in shown(made)[-1]
    assert (act := pressed(made, "y")) is not None
    assert act.path == f"/job/{numbered(2).id}?resume"
    assert pressed(made, "down", "s") is None
    assert shown(made)[-1] == "job 00000003 (job3) is completed: there is nothing to suspend"
    assert (act := pressed(made, "tab", "down", "s", "y")) is not None
    assert act.path == "/client/c1?suspend"
    made.hear(replace(made.news, workers=[Client(id="c1", name="w1", status=ClientState.SUSPEND)]))
    assert (act := pressed(made, "s", "y")) is not None
    assert act.path == "/client/c1?resume"


def test_what_is_chosen_stays_so_when_rows_come_and_go() -> None:
    made = board(numbered(1), numbered(2))
    made.press("down")
    made.hear(replace(made.news, jobs=[numbered(0), numbered(1), numbered(2)]))
    assert made.place() == 2
    made.hear(replace(made.news, jobs=[numbered(0)]))
    assert made.place() == 0
    made.hear(News())
    for key in ("down", "s", "enter", "tab", "s", "up"):
        assert made.press(key) is None


def test_words_filter_until_escape() -> None:
    made = board(numbered(1))
    pressed(made, "/", "x", "q", "delete", "y")
    assert "whose name has: xy_" in shown(made)[-1]
    made.press("enter")
    assert made.wish == Wish("xy")
    assert "1 of 1 job whose name has xy" in shown(made)
    pressed(made, "/", "escape")
    assert made.wish == Wish()
    assert not made.closed


def test_a_job_is_opened_with_its_tasks_and_last_lines() -> None:
    made = board(numbered(1), numbered(2))
    pressed(made, "/", "w", "enter", "down", "enter")
    assert made.wish == Wish("w", numbered(2).id)
    assert "job 00000002" not in "".join(shown(made))
    made.hear(replace(made.news, opened=numbered(2), why="b runs", lines=["b/1 | hello"]))
    assert shown(made)[7:12] == [
        "job 00000002 (job2) is in progress, 1/2 tasks done",
        "b runs",
        "task  state                      work  took  needs",
        "a     completed    ━━━━━━━━━━━━  1/1",
        "b     in-progress  ━━━━━━━━━───  3/4",
    ]
    assert shown(made)[12] == "b/1 | hello"
    made.press("escape")
    assert made.wish == Wish("w")


@pytest.mark.parametrize("width", [80, 120])
def test_every_line_fits_the_screen_and_the_chosen_one_is_on_it(width: int) -> None:
    made = board(*map(numbered, range(50)), workers=30)
    assert sum(line.startswith(">") for line in shown(made, width)) == 1
    pressed(made, *["page down"] * 9)
    lines = shown(made, width)
    assert len(lines) == 24
    assert [line.split()[1] for line in lines if line.startswith(">")] == ["00000049"]
    pressed(made, "tab", *["page down"] * 9)
    assert [line.split()[1] for line in shown(made, width) if line.startswith(">")] == ["w29"]
    assert "30 workers, 1 more of groups that you may not see" in shown(made, width)


def test_a_server_that_is_away_leaves_what_it_said_last() -> None:
    made = board(numbered(1))
    made.hear(News(fault="no answer"))
    lines = shown(made)
    assert lines[0] == "no answer; waiting for it"
    assert any("job1" in line for line in lines)
    made.hear(News(is_suspended=True))
    assert shown(made)[0] == "http://awe   the queue is suspended"
