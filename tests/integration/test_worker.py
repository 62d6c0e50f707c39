"""``awe-worker`` against a real daemon: files, arrays, secrets, failures, and every way to end."""

import gzip
import json
from pathlib import Path

import pytest
import pytest_twisted

from tests.certificates import Authority
from tests.integration.daemon import Daemon, Stage
from tests.integration.jobs import content, ended, from_task, job, reaches, shell, start, uploaded
from tests.waiting import gone, runs, until


async def line(path: Path) -> str:
    """Wait until a command has written a line into a file: the line."""
    await until(lambda: path.exists() and path.read_text().endswith("\n"))
    return _line(path)


def _line(path: Path) -> str:
    return path.read_text().splitlines()[0]


def quick(stage: Stage) -> Daemon:
    """A daemon that gives up silent workers soon."""
    config = stage.folder / "awed.conf"
    config.write_text("[Server]\nheartbeat_limit = 1\n")
    return stage.daemon("--config", str(config))


# Files.


@pytest_twisted.ensureDeferred
async def test_files_go_in_through_tasks_and_out(server: Daemon) -> None:
    """By the embedded node store: plain, packed, by attributes, into directories, cached."""
    start(server)
    words = await uploaded(server, "words.gz", gzip.compress(b"pear\napple\nfig\n"))
    reference = await uploaded(server, "reference", b"banana\n")
    done = await ended(
        server,
        job(
            {
                "cmd": {"name": "sort", "args": "@words.gz @reference -o @sorted"},
                "inputs": [{**words, "uncompress": "gzip"}],
                "predata": [reference],
                "outputs": [{"filename": "sorted", "directory": "sub", "nodeattr": {"k": "v"}}],
            },
            {
                "cmd": {"name": "sh", "args": "-c 'wc -l < $0 > lines; cat attributes.json' @sorted"},
                "dependsOn": ["0"],
                "inputs": [from_task(0, "sorted", attrfile="attributes.json")],
                "outputs": [{"filename": "lines", "optional": True}],
            },
        ),
    )
    assert done["state"] == "completed", done
    assert await content(done["tasks"][0]["outputs"][0]) == b"apple\nbanana\nfig\npear\n"
    assert await content(done["tasks"][1]["outputs"][0]) == b"4\n"
    assert json.loads(await server.call("GET", f"/work/{done['id']}_1_0?report=stdout")) == {"k": "v"}


@pytest_twisted.ensureDeferred
async def test_names_that_are_accepted_work_however_long_and_deep(server: Daemon) -> None:
    """Of tasks, inputs, predata, outputs and attribute files."""
    start(server)
    letter = "\N{CJK UNIFIED IDEOGRAPH-5B57}"
    longest, deepest = letter * 85, "/".join([letter * 84] * 4)
    packed = await uploaded(server, "packed", gzip.compress(b"packed\n"))
    script = 'cat "$1" "$2" "$3" > "$4" && cp "$5" "$6"'
    arguments = [f"@{longest}", f"@a/{longest}", "@a/b", f"@{deepest}", "c/in.json", "d/out.json"]
    done = await ended(
        server,
        job(
            {
                "taskid": letter * 100,
                "cmd": {"name": "sh", "cmd_script": [script], "args_array": arguments},
                "inputs": [
                    {**packed, "filename": longest, "uncompress": "gzip", "attrfile": "c/in.json"},
                    {**packed, "filename": f"a/{longest}", "uncompress": "gzip", "cache": True},
                ],
                "predata": [{**packed, "filename": "a/b", "uncompress": "gzip"}],
                "outputs": [{"filename": deepest, "attrfile": "d/out.json"}],
            },
            noretry=True,
        ),
    )
    assert done["state"] == "completed", done
    assert await content(done["tasks"][0]["outputs"][0]) == b"packed\n" * 3


@pytest_twisted.ensureDeferred
async def test_an_array_sees_its_ranks_and_its_parts_become_one_file(server: Daemon) -> None:
    start(server, "w", "--slots", "2")
    start(server, "v")
    ranks = shell("echo $AWE_RANK of $AWE_TOTALWORK > out", totalwork=5, outputs=[{"filename": "out"}])
    total = {
        "cmd": {"name": "cat", "args": "@out"},
        "dependsOn": ["0"],
        "inputs": [from_task(0, "out")],
        "outputs": [{"filename": "awe_stdout.txt", "shockfilename": "total"}],
    }
    done = await ended(server, job(ranks, total))
    assert done["state"] == "completed", done
    assert await content(done["tasks"][1]["outputs"][0]) == b"".join(b"%d of 5\n" % rank for rank in range(1, 6))
    assert done["tasks"][0]["computetime"] == 0


@pytest_twisted.ensureDeferred
async def test_an_optional_part_may_be_missing(server: Daemon) -> None:
    start(server)
    odd = "[ $((AWE_RANK % 2)) = 0 ] || echo $AWE_RANK > out"
    done = await ended(server, job(shell(odd, totalwork=4, outputs=[{"filename": "out", "optional": True}])))
    assert done["state"] == "completed", done
    assert await content(done["tasks"][0]["outputs"][0]) == b"1\n3\n"


# Secrets.


@pytest_twisted.ensureDeferred
async def test_private_variables_reach_the_command_and_nobody_else(server: Daemon) -> None:
    worker = start(server)
    task = {"cmd": {"name": "test", "args": "${SECRET} = 'a b'", "environ": {"private": {"SECRET": "a b"}}}}
    script = shell("[ ${#SECRET} = 4 ]")
    script["cmd"]["environ"] = {"private": {"SECRET": "hush"}}
    done = await ended(server, job(task, script))
    assert done["state"] == "completed", done
    assert "hush" not in worker.output + server.program.output + json.dumps(done)


# Failures.


@pytest_twisted.ensureDeferred
async def test_exit_status_42_is_final_and_told(server: Daemon) -> None:
    start(server)
    failed = await ended(server, job(shell("echo the reason >&2; exit 42")))
    assert failed["state"] == "suspend"
    assert failed["error"]["workfailed"] == f"{failed['id']}_0_0"
    assert "exit status 42" in failed["error"]["worknotes"]
    assert "the reason" in failed["error"]["apperror"]


@pytest_twisted.ensureDeferred
async def test_what_failed_at_one_worker_is_tried_at_another(server: Daemon) -> None:
    mark = server.stage.folder / "failed-once"
    done = await server.submit(job(shell(f"[ -e {mark} ] && exit 0; echo > {mark}; kill -9 $$")))
    start(server, "w")
    await line(mark)
    start(server, "v")
    done = await reaches(server, done["id"], "completed", "suspend")
    assert done["state"] == "completed", done
    (kept,) = [*server.stage.folder.glob("[wv]/failed/*")]
    assert kept.name.startswith(f"{done['id']}_0_0")


@pytest_twisted.ensureDeferred
async def test_missing_outputs_and_commands_are_told(server: Daemon) -> None:
    start(server)
    outputs = [{"filename": "a"}, {"filename": "b"}]
    failed = await ended(server, job({"cmd": {"name": "true"}, "outputs": outputs}, noretry=True))
    assert failed["error"]["worknotes"] == "missing output files: a, b"
    failed = await ended(server, job({"cmd": {"name": "no-such-command"}}, noretry=True))
    assert failed["error"]["worknotes"] == "command not found: no-such-command"


# Being stopped, and stopping.


@pytest_twisted.ensureDeferred
async def test_a_job_that_is_deleted_takes_its_command_along(server: Daemon) -> None:
    worker = start(server)
    started = server.stage.folder / "started"
    submitted = await server.submit(job(shell(f"echo $$ > {started}; sleep 1000; exit 0")))
    pid = int(await line(started))
    await server.call("DELETE", f"/job/{submitted['id']}")
    await gone(pid)
    await worker.said("_0_0: discarded")
    assert (await ended(server, job(shell("exit 0"))))["state"] == "completed"


@pytest_twisted.ensureDeferred
async def test_what_ran_away_from_a_command_ends_with_it(server: Daemon) -> None:
    """Though it has a session of its own, and threw away the variables that tell whose it is."""
    start(server, "w", "--slots", "3")
    pids = {name: server.stage.folder / name for name in ("ends", "late", "deleted")}
    away = {name: f"env -i setsid sleep 1000 & echo $! > {path}" for name, path in pids.items()}
    await server.submit(job(shell(away["ends"])))
    late = await server.submit(job(shell(f"{away['late']}\nsleep 1000", walltime=1), noretry=True))
    deleted = await server.submit(job(shell(f"{away['deleted']}\nsleep 1000")))
    runaways = [int(await line(path)) for path in pids.values()]
    await server.call("DELETE", f"/job/{deleted['id']}")
    await reaches(server, late["id"], "suspend")
    for pid in runaways:
        await gone(pid)


@pytest_twisted.ensureDeferred
async def test_sigterm_lets_it_finish_report_and_sign_off(server: Daemon) -> None:
    worker = start(server)
    started, go = server.stage.folder / "started", server.stage.folder / "go"
    first = await server.submit(job(shell(f"echo > {started}; until [ -e {go} ]; do sleep 0.02; done")))
    await line(started)
    worker.signal("TERM")
    await worker.said("leaving")
    second = await server.submit(job(shell("exit 0")))
    go.touch()
    assert await worker.ended() == 0
    assert (await reaches(server, first["id"], "completed"))["state"] == "completed"
    assert (await server.call("GET", f"/job/{second['id']}"))["state"] == "queued"
    assert server.group not in {client["group"] for client in await server.call("GET", "/client")}


@pytest_twisted.ensureDeferred
async def test_sigterm_twice_hands_the_work_back(server: Daemon) -> None:
    worker = start(server)
    started = server.stage.folder / "started"
    submitted = await server.submit(job(shell(f"echo $$ >> {started}; [ $AWE_ATTEMPT = 2 ] || sleep 1000")))
    pid = int(await line(started))
    worker.signal("TERM")
    await worker.said("leaving")
    worker.signal("TERM")
    assert await worker.ended() == 0
    assert not runs(pid)
    start(server, "v")
    done = await reaches(server, submitted["id"], "completed")
    assert done["tasks"][0]["state"] == "completed"


@pytest_twisted.ensureDeferred
async def test_a_file_that_hangs_does_not_hold_up_the_end(server: Daemon) -> None:
    """As one on a server that does not answer: the thread in which it is read stays for ever."""
    hangs = (
        "import time; from awed.worker import command, files, program; program.LAST_PATIENCE = 0.5; "
        "files.read_attributes = lambda path: print('hangs') or time.sleep(1000); command.main()"
    )
    worker = server.stage.run("-c", hangs, "--server", server.url, "--workdir", "w", "--group", server.group)
    submitted = await server.submit(
        job(shell("exit 0", outputs=[{"filename": "a", "nofile": True, "attrfile": "a"}]))
    )
    await worker.said("hangs")
    worker.signal("TERM")
    await worker.said("leaving")
    worker.signal("TERM")
    assert await worker.ended() == 1
    assert "left without waiting" in worker.output
    start(server, "v")
    assert (await reaches(server, submitted["id"], "completed"))["state"] == "completed"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_the_daemon_may_be_killed_while_a_command_runs(daemon: Daemon) -> None:
    """The command goes on, ends while nobody is there to hear it, and has not to run again."""
    start(daemon)
    started, go, count = (daemon.stage.folder / name for name in ("started", "go", "count"))
    waits = shell(f"echo x >> {count}; echo > {started}; until [ -e {go} ]; do sleep 0.02; done; echo done > out")
    submitted = await daemon.submit(job({**waits, "outputs": []}, shell("exit 0", after=["0"])))
    await line(started)
    await daemon.kill()
    go.touch()
    await until((daemon.stage.folder / "w" / "reports.jsonl").read_text)
    await daemon.start()
    done = await reaches(daemon, submitted["id"], "completed", "suspend")
    assert done["state"] == "completed", done
    assert count.read_text() == "x\n"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_worker_that_ends_without_its_server_delivers_at_its_next_start(daemon: Daemon) -> None:
    worker = start(daemon)
    started, go, count = (daemon.stage.folder / name for name in ("started", "go", "count"))
    waits = shell(f"echo x >> {count}; echo > {started}; until [ -e {go} ]; do sleep 0.02; done")
    submitted = await daemon.submit(job(waits))
    await line(started)
    await daemon.kill()
    go.touch()
    await until((daemon.stage.folder / "w" / "reports.jsonl").read_text)
    worker.signal("TERM")
    worker.signal("TERM")
    worker.signal("KILL")
    await worker.ended()
    await daemon.start()
    start(daemon)
    assert (await reaches(daemon, submitted["id"], "completed"))["state"] == "completed"
    assert count.read_text() == "x\n"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_the_work_of_a_worker_that_was_killed_is_done_by_another(stage: Stage) -> None:
    daemon = quick(stage)
    await daemon.start()
    worker = start(daemon)
    started = stage.folder / "started"
    submitted = await daemon.submit(job(shell(f"echo $$ >> {started}; [ $AWE_ATTEMPT = 2 ] || sleep 1000")))
    await line(started)
    worker.signal("KILL")
    await worker.ended()
    start(daemon, "v")
    assert (await reaches(daemon, submitted["id"], "completed"))["state"] == "completed"


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_started_again_it_kills_what_it_left_and_takes_up_work(server: Daemon) -> None:
    """Though the daemon did not notice that it was gone."""
    worker = start(server)
    started = server.stage.folder / "started"
    submitted = await server.submit(job(shell(f"echo $$ >> {started}; [ $AWE_ATTEMPT = 2 ] || sleep 1000")))
    pid = int(await line(started))
    worker.signal("KILL")
    await worker.ended()
    assert runs(pid)
    start(server)
    assert (await reaches(server, submitted["id"], "completed"))["state"] == "completed"
    assert not runs(pid)


# The program.


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_second_worker_in_one_directory_is_told_who_is_there(server: Daemon) -> None:
    first = start(server)
    await first.said("registered")
    second = start(server)
    assert await second.ended() == 1
    place, pid = server.stage.folder / "w", first.transport.pid
    assert second.output == f"awe-worker: cannot use --workdir: {place} is in use by another worker, process {pid}\n"


@pytest_twisted.ensureDeferred
async def test_a_worker_that_the_server_does_not_want_ends_and_says_why(server: Daemon) -> None:
    token = server.stage.folder / "token"
    token.write_text("no-such-token\n")
    worker = start(server, "w", "--token-file", str(token))
    assert await worker.ended() == 1
    assert worker.output.splitlines()[-1].startswith(f"awe-worker: {server.url} does not take this worker: ")
    assert "Traceback" not in worker.output
    assert "no-such-token" not in worker.output


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_by_tls_a_worker_trusts_whom_it_is_told_to_trust(stage: Stage) -> None:
    ours, others = Authority(stage.folder), Authority(stage.folder, "others")
    key, certificate = ours.server()
    config = stage.folder / "awed.conf"
    config.write_text(f"[SSL]\nkey={key}\ncert={certificate}\n")
    daemon = stage.daemon("--config", str(config))
    daemon.listen = "ssl:0:interface=127.0.0.1"
    await daemon.start()
    distrustful = start(daemon, "v", "--ca", str(others.file))
    await distrustful.said("no success with the server.*certificate")
    worker = start(daemon, "w", "--ca", str(ours.file))
    await worker.said("registered as w")


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_worker_may_be_there_before_its_server(daemon: Daemon) -> None:
    await daemon.stop()
    worker = start(daemon)
    await worker.said("no success with the server")
    await daemon.start()
    await worker.said("registered as w")
    assert (await ended(daemon, job(shell("exit 0"))))["state"] == "completed"
    assert worker.output.count("no success") == 1
