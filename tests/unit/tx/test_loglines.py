"""Lines of the log, for people and for machines."""

import json
from io import StringIO

from twisted.logger import Logger, LogPublisher

from awed.model.ids import new_id
from awed.tx.loglines import REQUEST, observer

JOB = new_id()


def logger(line: str) -> tuple[Logger, StringIO]:
    """A logger of ours, and what it writes."""
    file = StringIO()
    return Logger("awed.some.module", observer=LogPublisher(observer(file, line))), file


def test_a_line_for_people_names_what_it_is_about_once() -> None:
    log, file = logger("text")
    log.info("task {task} is late", task=f"{JOB}_0")
    assert file.getvalue().endswith(f"[awed.some.module#info] task {JOB}_0 is late\n")
    log.info("late", work=f"{JOB}_0_3", client="c1")
    assert file.getvalue().endswith(f"late [job {JOB}, work {JOB}_0_3, client c1]\n")


def test_a_line_for_machines_has_everything_in_fields() -> None:
    log, file = logger("json")
    log.warn("a {colour} thing", colour="blue", work=f"{JOB}_0_3", client="c1", password="secret")
    line = json.loads(file.getvalue())
    time = line.pop("time")
    assert (len(time), time[-6:]) == (29, "+00:00")
    assert line == {
        "level": "warn",
        "namespace": "awed.some.module",
        "text": "a blue thing",
        "job": JOB,
        "work": f"{JOB}_0_3",
        "client": "c1",
    }


def test_lines_written_while_a_request_is_handled_name_it() -> None:
    (text, lines), (machine, objects) = logger("text"), logger("json")
    before = REQUEST.set("r-1")
    text.info("hello")
    machine.info("hello")
    REQUEST.reset(before)
    machine.info("goodbye")
    assert lines.getvalue().endswith("hello [request r-1]\n")
    first, second = map(json.loads, objects.getvalue().splitlines())
    assert (first["request"], "request" in second) == ("r-1", False)


def test_failures_come_with_their_traceback_in_the_same_line() -> None:
    log, file = logger("json")
    try:
        raise KeyError("gone")
    except KeyError:
        log.failure("it broke", job=JOB)
    line = json.loads(file.getvalue())
    assert (line["level"], line["text"], line["job"]) == ("critical", "it broke", JOB)
    assert "KeyError: 'gone'" in line["traceback"]


def test_nothing_that_is_logged_breaks_out_of_its_line() -> None:
    (text, lines), (machine, objects) = logger("text"), logger("json")
    hostile = "a\n2026-01-01T00:00:00+0000 [awed#info] forged \udcff"
    machine.info("{name}", name=hostile)
    machine.info("{name}", job="j\nk")
    assert len(objects.getvalue().splitlines()) == 2
    text.info("{name}", name=hostile.replace("\udcff", ""))
    text.info("x", job="j\nk")
    assert all(line[:2] == "20" or line[0] == "\t" for line in lines.getvalue().splitlines())


def test_what_others_log_is_not_taken_for_ours() -> None:
    file = StringIO()
    log = Logger("twisted.web", observer=LogPublisher(observer(file, "json")))
    log.info("{client} came", client="<a transport>")
    assert "client" not in json.loads(file.getvalue())
