"""Why a job is not done, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from awed.cli.why import Facts, explain
from awed.model.client import Client
from awed.model.job import Cmd, Info, Job, JobError
from awed.model.states import JobState, TaskState
from tests.unit.cli.conftest import Awe
from tests.unit.cli.fake import JOB_ID, FakeServer, job, task

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORKER = Client(id="42becfc8-36b9-43a4-ae9c-a11546daa7ed", name="w1", apps=["*"])
ERROR = JobError(
    clientfailed=WORKER.id,
    workfailed=f"{JOB_ID}_orfs_3",
    taskfailed=f"{JOB_ID}_orfs",
    servernotes="workunit failed 3 time(s)",
    worknotes="killed by signal 9 (SIGKILL)",
    apperror="".join(f"line {number}\n" for number in range(20)),
)


def told(what: Job, *clients: Client, queue_suspended: bool = False) -> list[str]:
    return list(explain(Facts(what, clients, queue_suspended, NOW)))


def failed(error: JobError | None, notes: str = "") -> Job:
    orfs = task("orfs", TaskState.SUSPEND, totalwork=6, cmd=Cmd(name="orfs", args="-m 100 @genome"))
    return job(task("a", TaskState.COMPLETED), orfs, state=JobState.SUSPEND, error=error, notes=notes)


def test_a_failure_names_task_part_command_worker_and_end() -> None:
    lines = told(failed(ERROR), WORKER)
    assert lines[:5] == [
        "Job 128068d0 (lambda) is suspended, 1/2 tasks done.",
        "Task orfs, part 3 of 6, failed: workunit failed 3 time(s).",
        "It runs: orfs -m 100 @genome",
        "Its last run was on worker w1: killed by signal 9 (SIGKILL).",
        "The end of its stderr:",
    ]
    assert lines[5:-1] == [f"    line {number}" for number in range(10, 20)]
    assert lines[-1] == "Once the cause is gone: awe resume 128068d0"


def test_a_worker_that_is_gone_is_named_by_its_id() -> None:
    assert any("on worker 42becfc8 (gone since):" in line for line in told(failed(ERROR)))


def test_a_silent_failure_says_so() -> None:
    silent = JobError(taskfailed=f"{JOB_ID}_orfs", workfailed=f"{JOB_ID}_orfs_1", clientfailed=WORKER.id)
    assert "It wrote nothing to stderr." in told(failed(silent), WORKER)


def test_a_task_that_could_not_be_prepared() -> None:
    error = JobError(taskfailed=f"{JOB_ID}_a", servernotes="input x: Node not found")
    lines = told(failed(error))
    assert lines[1] == "Task a failed: input x: Node not found."
    assert len(lines) == 4


def test_a_job_suspended_by_hand() -> None:
    assert told(failed(None, "manually suspended"))[1] == "Nothing failed: manually suspended."


def test_a_completed_job_needs_no_reasons() -> None:
    assert told(job(task("a", TaskState.COMPLETED), state=JobState.COMPLETED)) == [
        "Job 128068d0 (lambda) is completed, 1/1 tasks done."
    ]


def test_a_job_without_a_name() -> None:
    assert told(job(state=JobState.DELETED, name="")) == ["Job 128068d0 is deleted, 0/0 tasks done."]


def test_a_job_that_is_to_start_later() -> None:
    later = job(task("a"), info=Info(start_at=NOW + timedelta(hours=1)))
    assert any(line.startswith("It is to start at") for line in told(later))


def test_a_suspended_queue_is_mentioned() -> None:
    assert any("queue is suspended" in line for line in told(job(task("a")), queue_suspended=True))


def test_the_command_asks_for_all_it_needs(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", failed(ERROR))
    server.on("GET /client", [WORKER])
    server.raw("GET /", (200, b'{"queue_status":"running"}'))
    assert awe("why", JOB_ID) == 0
    assert "Its last run was on worker w1: killed by signal 9 (SIGKILL)." in capsys.readouterr().out
