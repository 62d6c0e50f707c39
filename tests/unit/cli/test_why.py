"""Why a job is not done, in words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from awed.cli.why import Facts, explain
from awed.model.client import Client
from awed.model.job import Cmd, Job, JobError
from awed.model.reasons import Explained, Waits, Why
from awed.model.states import JobState, TaskState
from awed.model.tes import Executor, TesTask
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


def told(what: Job, *clients: Client, waits: Sequence[Waits] = ()) -> list[str]:
    return list(explain(Facts(what, waits, clients, NOW)))


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


def test_of_a_tes_task_its_own_command_is_told() -> None:
    """And not the name by which workers know such tasks."""
    tes = TesTask(executors=[Executor("alpine", ["grep", "-c", "a b"])])
    step = task("tes", TaskState.SUSPEND, cmd=Cmd(name="tes", args_array=["grep", "-c", "a b"]), tes=tes)
    assert "It runs: grep -c a b" in told(
        job(step, state=JobState.SUSPEND, error=JobError(taskfailed=f"{JOB_ID}_tes")), WORKER
    )


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


def test_of_work_that_is_tried_again_it_is_said_where_it_is_seen_what_failed() -> None:
    waits = Waits("a", Why.PAUSE, "waits: it has failed once; last failure: exit status 3; next try at 12:01")
    assert told(job(task("a")), waits=[waits])[1:] == [
        "Task a waits: it has failed once; last failure: exit status 3; next try at 12:01",
        "What it wrote when it failed: awe logs 128068d0",
    ]


def test_a_completed_job_needs_no_reasons() -> None:
    assert told(job(task("a", TaskState.COMPLETED), state=JobState.COMPLETED)) == [
        "Job 128068d0 (lambda) is completed, 1/1 tasks done."
    ]


def test_a_job_without_a_name() -> None:
    assert told(job(state=JobState.DELETED, name="")) == ["Job 128068d0 is deleted, 0/0 tasks done."]


def test_the_command_asks_for_all_it_needs(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}", failed(ERROR))
    server.on("GET /client", [WORKER])
    assert awe("why", JOB_ID) == 0
    assert "Its last run was on worker w1: killed by signal 9 (SIGKILL)." in capsys.readouterr().out


def worker(name: str = "w1", **fields: Any) -> Client:
    return Client(id=f"id-of-{name}", name=name, **{"apps": ["*"], **fields})


def test_what_the_server_says_of_a_task_is_printed_word_for_word() -> None:
    sentence = 'waits: 12 workers: 3 lack the command "blastp", 7 of other groups'
    lines = told(job(task("map")), worker(), waits=[Waits("map", Why.NOBODY, sentence)])
    assert lines == ["Job 128068d0 (lambda) is in progress, 0/1 tasks done.", f"Task map {sentence}"]


def test_a_running_task_names_its_workers_and_its_parts() -> None:
    running = task("map", TaskState.IN_PROGRESS, totalwork=6, remainwork=4, starteddate=NOW - timedelta(minutes=2))
    work = {f"{JOB_ID}_map_3": True}
    clients = [worker(current_work=work), worker("w2"), worker("", current_work={f"{JOB_ID}_map_0": True})]
    assert told(job(running), *clients)[1:] == [
        "Task map runs on w1, id-of-, 2/6 parts done; it was queued 2 min ago."
    ]


def test_tasks_that_wait_for_others_are_told_in_one_line() -> None:
    blocked = [Waits(f"t{number}", Why.AFTER, "waits for task map", after=["map"]) for number in range(12)]
    assert told(job(task("map")), waits=blocked)[1:] == [
        "Waiting for tasks before them: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more."
    ]


def test_a_broad_job_is_told_in_a_few_lines() -> None:
    lines = told(job(task("a")), waits=[Waits(f"t{number}", Why.BUSY, "waits") for number in range(1000)])[1:]
    assert len(lines) == 11
    assert lines[-1] == "990 more tasks likewise."


def test_programs_get_what_the_server_says(server: FakeServer, awe: Awe, capsys: Any) -> None:
    server.on(f"GET /job/{JOB_ID}?explain", Explained(JOB_ID, "queued", "it waits"))
    assert awe("explain", JOB_ID, "--json") == 0
    assert '"why": "it waits"' in capsys.readouterr().out
