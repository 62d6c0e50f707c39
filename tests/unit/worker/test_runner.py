"""One workunit from its directory to its report, with real commands and files in memory."""

import errno
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from msgspec.structs import asdict
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, LoopingCall
from twisted.logger import capturedLogs

from awed.client.asynchronous import Server
from awed.model.attempts import Cause
from awed.model.job import Environ, Info
from awed.model.node import Node
from awed.model.times import now
from awed.model.work import ReportStatus, Workunit
from awed.tx.http import Reach
from awed.worker.cache import Cache
from awed.worker.cgroups import groups_of_commands, hierarchies
from awed.worker.containers.interface import Containers, Plain
from awed.worker.fileroots import FileRoots
from awed.worker.files import FileMover
from awed.worker.guard import Guarding
from awed.worker.janitor import Janitor
from awed.worker.logs import LogFiles
from awed.worker.machine import Allotment
from awed.worker.orphans import Orphans
from awed.worker.outage import Outage
from awed.worker.process import GROUP_POLL, start
from awed.worker.report import Finished
from awed.worker.runner import Equipment, Runner
from awed.worker.tail import Tail
from awed.worker.urls import Urls
from awed.worker.workdir import Workdir
from tests.conftest import LoggedErrors
from tests.unit.worker.builders import CLIENT, IN_THREAD, JOB, PLAIN, file, workunit
from tests.unit.worker.datahost import FakeHosts
from tests.unit.worker.fake import FakeServer, data, refused
from tests.waiting import gone, until

REACTOR: Any = reactor


class World:
    """What runs need."""

    def __init__(self, directory: Path) -> None:
        self.fake = FakeServer()
        self.hosts = FakeHosts()
        self.workdir = Workdir(directory)
        self.workdir.open()
        server = Server(self.fake, REACTOR, "http://server")
        cache = Cache(self.workdir.cache, IN_THREAD, self.workdir.is_low)
        janitor = Janitor(self.workdir, cache, REACTOR, IN_THREAD, keep=3600)
        janitor.startService()
        self.equipment = Equipment(
            server=server,
            outage=Outage(REACTOR, lambda: 0.0),
            files=FileMover(cache, IN_THREAD, janitor.room),
            workdir=self.workdir,
            janitor=janitor,
            logs=LogFiles(self.workdir.logs, janitor.remove),
            tail=Tail(server, CLIENT, REACTOR),
            containers=Containers(Plain(partial(start, REACTOR, orphans=Orphans(CLIENT, REACTOR)))),
            urls=Urls(FileRoots(), None, self.hosts, self.hosts, Reach(), IN_THREAD),
            in_thread=IN_THREAD,
            guarding=Guarding(REACTOR, IN_THREAD),
            clock=REACTOR,
            now=now,
            inherited={"PATH": os.environ["PATH"], "SHLVL": "7"},
            grace=0.3,
        )

    def use(self, host: Any) -> None:
        """Have all files at this host."""
        self.equipment = replace(self.equipment, urls=replace(self.equipment.urls, everywhere=lambda *_: host))

    def begin(self, work: Workunit) -> Deferred[Finished]:
        return Deferred.fromCoroutine(Runner(work, PLAIN, self.equipment).run())

    async def left(self) -> list[str]:
        """What is left when all is tidied up: running, failed, to be removed."""
        await self.equipment.janitor.stopService()
        places = (self.workdir.work, self.workdir.failed, self.workdir.trash)
        return [f"{place.name}/{path.name}" for place in places for path in place.iterdir()]

    def root(self, work: Workunit) -> Path:
        return self.workdir.work / f"{work.wuid}.{work.attempt}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "w")


def script(*lines: str, **fields: Any) -> Workunit:
    """A workunit that runs a shell script."""
    return workunit("script", cmd_script=list(lines), **fields)


@pytest_twisted.ensureDeferred
async def test_files_come_in_the_command_runs_files_go_out(world: World) -> None:
    world.hosts.content["node-of-in.txt"] = b"pear\napple\n"
    work = workunit("sort", "@in.txt -o out.txt", inputs=[file("in.txt")], outputs=[file("out.txt")])
    finished = await world.begin(work)
    assert (finished.wuid, finished.attempt, finished.status) == (work.wuid, 1, ReportStatus.DONE)
    assert (finished.exitstatus, finished.worknotes) == (0, "")
    assert world.hosts.content["node-of-out.txt"] == b"apple\npear\n"
    perf = finished.perf
    assert (perf.size_infile, perf.size_outfile, perf.client_id) == (11, 11, CLIENT)
    assert perf.runtime > 0
    assert perf.queued == perf.checkout > 0
    assert await world.left() == []


@pytest_twisted.ensureDeferred
async def test_a_command_sees_its_rank_its_variables_and_nothing_else(world: World) -> None:
    world.fake.script("secret", data(None, privateenv='{"SECRET": "s p"}'))
    work = workunit("env", rank=2, totalwork=3, environ=Environ({"PUBLIC": "p"}), has_private_env=True, attempt=4)
    finished = await world.begin(work)
    seen = dict(line.split("=", 1) for line in finished.stdout.decode().splitlines())
    assert seen == {
        "PATH": os.environ["PATH"],
        "PUBLIC": "p",
        "SECRET": "s p",
        "AWE_RANK": "2",
        "AWE_TOTALWORK": "3",
        "AWE_JOBID": JOB,
        "AWE_TASKID": f"{JOB}_0",
        "AWE_WORKID": f"{JOB}_0_2",
        "AWE_ATTEMPT": "4",
        "AWE_CLIENTID": CLIENT,
        "AWE_PYTHON": sys.executable,
        "AWE_CORES": "1",
        "OMP_NUM_THREADS": "1",
    }


@pytest_twisted.ensureDeferred
async def test_secrets_are_replaced_in_arguments_and_do_not_reach_log_or_notes(world: World) -> None:
    world.fake.script("secret", data(None, privateenv='{"SECRET": "hush"}'))
    with capturedLogs() as logs:
        finished = await world.begin(workunit("test", "${SECRET} = other", has_private_env=True))
    assert finished.exitstatus == 1
    assert "hush" not in f"{logs}{finished}"


@pytest_twisted.ensureDeferred
async def test_secrets_are_asked_for_until_the_server_answers(world: World) -> None:
    world.fake.script("secret", ConnectionResetError(), data(None, datatoken="tok"))
    world.hosts.content["node-of-a"] = b""
    finished = await world.begin(workunit(info=Info(auth=True), inputs=[file("a")]))
    assert finished.status is ReportStatus.DONE
    assert world.hosts.calls[0] == ("node", "node-of-a", "tok")


@pytest_twisted.ensureDeferred
async def test_secrets_that_are_refused_are_a_failure(world: World) -> None:
    world.fake.script("secret", refused("User Unauthorized", 401))
    finished = await world.begin(workunit(info=Info(auth=True)))
    assert (finished.status, finished.worknotes) == (ReportStatus.FAIL, "User Unauthorized")


@pytest_twisted.ensureDeferred
async def test_a_script_runs_in_a_shell_with_the_arguments(world: World) -> None:
    finished = await world.begin(script("x=$1", "echo $((x + 1)) >&2", 'pwd > "$2"', args="41 where"))
    assert (finished.stderr, finished.worknotes) == (b"42\n", "")
    bash = await world.begin(script("#!/usr/bin/env bash", "a=(1 2 3)", "echo ${#a[@]}"))
    assert bash.stdout == b"3\n"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("work", "exitstatus", "cause", "notes"),
    [
        (script("exit 42"), 42, Cause.EXIT, "exit status 42"),
        (script("echo why >&2; exit 3"), 3, Cause.EXIT, "exit status 3"),
        (script("kill -KILL $$"), -9, Cause.SIGNAL, "killed by signal 9 (SIGKILL)"),
        (workunit("no-such-command"), None, Cause.START, "command not found: no-such-command"),
        (workunit("/etc/passwd"), None, Cause.START, "cannot execute /etc/passwd: Permission denied"),
        (workunit("echo", "'"), None, Cause.START, "cannot split cmd.args: "),
        (workunit("echo", "x" * 200_000), None, Cause.START, "cannot execute echo: Argument list too long"),
        (workunit(outputs=[file("a"), file("b")]), 0, Cause.OUTPUT, "missing output files: a, b"),
        (workunit(docker_image="busybox"), None, Cause.IMAGE, "this worker does not run containers"),
        (workunit(inputs=[file("a")]), None, Cause.INPUT, "a: download node node-of-a at"),
        (workunit(inputs=[file("a" * 300, node="n")]), None, Cause.INPUT, "File name too long"),
    ],
)
async def test_whatever_goes_wrong_is_told(
    world: World, work: Workunit, exitstatus: int | None, cause: Cause, notes: str
) -> None:
    world.hosts.content["n"] = b""
    finished = await world.begin(work)
    assert finished.status is ReportStatus.FAIL
    assert (finished.exitstatus, finished.cause) == (exitstatus, cause)
    assert notes in finished.worknotes
    assert finished.worknotes.count("\n") == 0


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("number", "cause"), [(errno.ENOSPC, Cause.DISK), (errno.EAGAIN, Cause.MEMORY)])
async def test_a_worker_that_cannot_begin_for_lack_of_something_says_so(
    world: World, number: int, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*args: Any, **more: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_spawn", lacking)
    finished = await world.begin(workunit())
    assert (finished.exitstatus, finished.cause) == (None, cause)
    monkeypatch.setattr(world.workdir, "make", lacking)
    finished = await world.begin(workunit())
    assert (finished.exitstatus, finished.cause) == (None, cause)


@pytest_twisted.ensureDeferred
async def test_an_input_for_which_there_is_no_room_is_the_works_own_fault(world: World) -> None:
    class FullDisk:
        async def node(self, node_id: str) -> Node:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    world.use(FullDisk())
    finished = await world.begin(workunit(inputs=[file("a")]))
    assert finished.cause is Cause.INPUT


@pytest_twisted.ensureDeferred
async def test_room_is_made_for_what_the_host_says_of_a_file_and_not_for_what_its_job_does(world: World) -> None:
    """A job that names sizes would have the worker give up what it keeps for all others."""
    asked = list[int]()

    async def room(wanted: int) -> int:
        asked.append(wanted)
        return 0

    cache = Cache(world.workdir.cache, IN_THREAD, world.workdir.is_low)
    world.equipment = replace(world.equipment, files=FileMover(cache, IN_THREAD, room))
    world.hosts.content |= {"node-of-a": b"a", "node-of-b": b"b"}
    world.hosts.sizes |= {"node-of-a": 7, "node-of-b": 8}
    await world.begin(workunit(inputs=[file("a", size=1 << 50)], predata=[file("b", size=1 << 50)]))
    assert asked == [8, 7]


@pytest_twisted.ensureDeferred
async def test_the_directory_of_a_failed_one_is_kept(world: World) -> None:
    work = script("echo trace > here; echo said; exit 1")
    finished = await world.begin(work)
    assert finished.stdout == b"said\n"
    kept = world.workdir.failed / world.root(work).name
    assert await world.left() == [f"failed/{kept.name}"]
    assert (kept / "here").read_text() == "trace\n"
    assert (kept / "awe_stdout.txt").read_text() == "said\n"


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("kind", ["predata", "inputs"])
async def test_what_a_command_does_to_its_files_is_not_seen_by_the_next(world: World, kind: str) -> None:
    """Even if it may write everything."""
    db = file("db", cache=True, attrfile="db.json")
    world.hosts.content[db.node] = b"right\n"
    await world.begin(script("chmod u+w db; echo X >> db; mv db old; echo Y > db; ln -f old other", **{kind: [db]}))
    finished = await world.begin(script("cat db", **{kind: [db]}))
    assert finished.stdout == b"right\n"
    assert [call[0] for call in world.hosts.calls].count("download") == 1


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "over",
    [
        {"inputs": [file("db")]},
        {"outputs": [file("db")]},
        {"inputs": [file("other", attrfile="db")]},
        {"predata": [file("db"), file("db", node="node-of-other")]},
        {"inputs": [file("awe_script", node="node-of-db", cache=True)]},
    ],
)
async def test_two_files_of_one_name_do_not_become_one_in_the_cache(world: World, over: dict[str, Any]) -> None:
    """Submissions with such names are refused, but there are jobs from before, and other servers."""
    world.hosts.content |= {"node-of-db": b"right\n", "node-of-other": b"other\n"}
    await world.begin(script("echo out > db", **{"predata": [file("db")], **over}))
    finished = await world.begin(script("cat db", predata=[file("db")]))
    assert finished.stdout == b"right\n"


@pytest_twisted.ensureDeferred
async def test_what_a_command_says_may_be_an_output(world: World) -> None:
    await world.begin(workunit("echo", "hello", outputs=[file("awe_stdout.txt", shockfilename="greeting")]))
    assert world.hosts.content["node-of-awe_stdout.txt"] == b"hello\n"


@pytest_twisted.ensureDeferred
async def test_what_one_command_says_is_read_and_followed_by_what_the_next_says(world: World) -> None:
    """An output's name is that of the input of the next task."""
    said = file("awe_stdout.txt")
    world.hosts.content[said.node] = b"hello\n"
    finished = await world.begin(
        workunit("tr", inputs=[said], outputs=[said], args="a-z A-Z", cmd_script=["tr $1 $2 < awe_stdout.txt"])
    )
    assert finished.stdout == world.hosts.content[said.node] == b"HELLO\n"


@pytest_twisted.ensureDeferred
async def test_a_command_that_removes_everything_is_still_reported(world: World) -> None:
    finished = await world.begin(script("echo said", 'rm -rf "$PWD"'))
    assert (finished.status, finished.stdout) == (ReportStatus.DONE, b"said\n")
    assert await world.left() == []


@pytest_twisted.ensureDeferred
async def test_discarded_while_it_runs_the_whole_family_is_killed(world: World) -> None:
    work = script("(trap '' TERM; echo $$ > pids; exec sh -c 'echo $$ >> pids; sleep 1000; sleep 1000') & wait")
    running = world.begin(work)
    pids = world.root(work) / "pids"
    await until(lambda: pids.exists() and pids.read_text().count("\n") == 2)
    family = [int(pid) for pid in pids.read_text().split()]
    running.cancel()
    finished = await running
    assert (finished.status, finished.exitstatus) == (ReportStatus.DISCARDED, None)
    for pid in family:
        await gone(pid)
    assert await world.left() == []


@pytest_twisted.ensureDeferred
async def test_past_its_walltime_a_command_is_killed_and_that_is_its_failure(world: World) -> None:
    world.equipment = replace(world.equipment, clock=(clock := Clock()))
    work = script("echo $$ > pid; trap 'echo ends; exit 0' TERM; sleep 1000 & wait", walltime=60)
    running = world.begin(work)
    pid = world.root(work) / "pid"
    await until(lambda: pid.exists() and pid.read_text() != "")
    clock.advance(60)
    looks = LoopingCall(clock.advance, GROUP_POLL)
    looks.start(0.02)
    finished = await running
    assert (finished.status, finished.worknotes) == (ReportStatus.FAIL, "killed after 60 seconds, its walltime")
    assert finished.cause is Cause.TIME
    looks.stop()
    assert (finished.exitstatus, finished.stdout) == (0, b"ends\n")
    assert not clock.getDelayedCalls()


@pytest_twisted.ensureDeferred
async def test_discarded_while_it_is_killed_for_its_walltime_it_is_handed_back(world: World) -> None:
    world.equipment = replace(world.equipment, clock=(clock := Clock()))
    work = script("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", walltime=60)
    running = world.begin(work)
    pid = world.root(work) / "pid"
    await until(lambda: pid.exists() and pid.read_text() != "")
    family = int(pid.read_text())
    clock.advance(60)
    running.cancel()
    clock.advance(world.equipment.grace)
    finished = await running
    assert finished.status is ReportStatus.DISCARDED
    await gone(family)
    assert not clock.getDelayedCalls()


@pytest_twisted.ensureDeferred
async def test_within_its_walltime_a_command_ends_as_ever(world: World) -> None:
    world.equipment = replace(world.equipment, clock=(clock := Clock()))
    finished = await world.begin(script("exit 3", walltime=60))
    assert finished.worknotes == "exit status 3"
    assert not clock.getDelayedCalls()


@pytest_twisted.ensureDeferred
async def test_discarded_while_files_come_the_command_is_not_begun(world: World) -> None:
    coming: Deferred[Node] = Deferred()

    class SlowHost:
        async def node(self, node_id: str) -> Node:
            return await coming

    world.use(SlowHost())
    running = world.begin(script("touch ran", inputs=[file("a")]))
    running.cancel()
    finished = await running
    assert finished.status is ReportStatus.DISCARDED
    assert await world.left() == []


@pytest_twisted.ensureDeferred
async def test_a_fault_of_ours_is_a_failure_that_says_so(world: World, logged_errors: LoggedErrors) -> None:
    def broken(*args: object, **named: object) -> Any:
        raise ZeroDivisionError("oops")

    world.equipment = replace(world.equipment, containers=Containers(Plain(broken)))
    finished = await world.begin(workunit())
    assert finished.status is ReportStatus.FAIL
    assert finished.worknotes == "a fault of the worker: ZeroDivisionError('oops')"
    assert logged_errors.flush(ZeroDivisionError)


@pytest_twisted.ensureDeferred
async def test_without_room_on_disk_there_is_a_report_too(world: World) -> None:
    world.workdir.work.rmdir()
    finished = await world.begin(workunit())
    assert finished.status is ReportStatus.FAIL
    assert "No such file or directory" in finished.worknotes


# Limits that hold.

HOG = """\
import subprocess, sys, time
if sys.argv[1:]:
    data = b"x" * (200 << 20)
    time.sleep(60)
else:
    subprocess.run([sys.executable, __file__, "hog"])
"""
"""A command that waits for another, which has 200 MB of memory."""


@pytest.fixture(params=["watched", "grouped"])
def guarding(request: pytest.FixtureRequest) -> Guarding:
    """Both ways to hold a command to its memory."""
    if request.param == "watched":
        return Guarding(REACTOR, IN_THREAD)
    groups = groups_of_commands(hierarchies())
    if groups is None:
        pytest.skip("no control group can be made here that limits memory")
    return Guarding(REACTOR, IN_THREAD, groups)


def asking(work: Workunit, **needs: float) -> Allotment:
    return Allotment({"cores": 1, **needs}, needs)


@pytest_twisted.ensureDeferred
async def test_who_takes_more_memory_than_it_asked_for_is_killed(
    world: World, guarding: Guarding, tmp_path: Path
) -> None:
    script = tmp_path / "hog.py"
    script.write_text(HOG)
    equipment = replace(world.equipment, guarding=guarding)
    work = workunit(sys.executable, str(script))
    finished = await Runner(work, asking(work, memory=100 << 20), equipment).run()
    assert (finished.status, finished.cause) == (ReportStatus.FAIL, Cause.MEMORY)
    assert "more memory than the 100 MB" in finished.worknotes
    assert finished.perf.max_mem_usage >= 100 << 20
    assert finished.perf.asked_memory == 100 << 20
    enough = workunit(sys.executable, "-c 'x = b\"x\" * (50 << 20)'")
    finished = await Runner(enough, asking(enough, memory=200 << 20), equipment).run()
    assert finished.status is ReportStatus.DONE


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("script", ["head -c 3000000 /dev/zero > file; sleep 60", "head -c 3000000 /dev/zero > file"])
async def test_who_takes_more_disk_than_it_asked_for_has_failed(world: World, script: str) -> None:
    work = workunit("sh", cmd_script=[script])
    finished = await Runner(work, asking(work, disk=1 << 20), world.equipment).run()
    assert (finished.status, finished.cause) == (ReportStatus.FAIL, Cause.DISK)
    assert "more disk than the 1 MB that its task asks for (2.9 MB)" in finished.worknotes
    assert asdict(finished.perf)["max_disk_usage"] > 2 << 20


@pytest_twisted.ensureDeferred
async def test_what_a_command_used_is_in_the_performance_record(world: World) -> None:
    script = "head -c 3000000 /dev/urandom > out; cksum out; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    work = workunit("sh", cmd_script=[script], outputs=[file("out")])
    perf = asdict((await world.begin(work)).perf)
    assert perf["cpu_seconds"] > 0
    assert perf["bytes_written"] >= 3_000_000
    assert perf["bytes_read"] >= 6_000_000
    assert perf["max_disk_usage"] >= 3_000_000
    assert (perf["asked_cores"], perf["asked_memory"], perf["asked_disk"]) == (1, 0, 0)
