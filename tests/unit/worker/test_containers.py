"""Engines for containers, in whose places stand programs that record what they are told."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from msgspec import UNSET, UnsetType
from twisted.internet.defer import gatherResults

from awed.model.attempts import Cause
from awed.model.job import Environ
from awed.model.work import ReportStatus
from awed.worker.containers.bubblewrap import gpus, private, resolver
from awed.worker.containers.choice import Isolation
from awed.worker.containers.interface import ALL, ASKED, NO, View
from awed.worker.errors import NoContainers
from awed.worker.machine import Allotment
from awed.worker.orphans import Orphans
from awed.worker.process import start
from awed.worker.runner import Runner
from awed.worker.workdir import UNUSED
from tests.unit.worker.builders import CLIENT, IN_THREAD, workunit
from tests.unit.worker.test_runner import REACTOR, World
from tests.waiting import gone

RECORD = """\
#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>{log}
echo == >>{log}
case "$1 $2" in
"image inspect") {look}; test -e {image} || exit 1; case "$4" in *Size*) echo 700;; esac;;
"image rm") {remove};;
"container inspect") echo "{state}";;
esac
case "$1" in
create) cat "$3" >>{log}.variables;;
pull) echo progress >&2; {pull};;
run) for last; do :; done; : >"$last";;
start) {start}; exit {status};;
rm) test -e {pid} && kill -9 $(cat {pid});;
exec) env | grep APPTAINERENV_ >>{log}.variables;;
esac
"""


class Recorded:
    """A stand-in for the program *name*, in a directory of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.log = folder / "log"
        self.pid = folder / "pid"

    def write(
        self,
        *,
        look: str = ":",
        remove: str = ":",
        state: str = "exited 0 false 0",
        pull: str = ":",
        begin: str = "echo said",
        status: int = 0,
    ) -> None:
        text = RECORD.format(
            log=self.log,
            image=self.path.with_name("image"),
            pid=self.pid,
            look=look,
            remove=remove,
            state=state,
            pull=pull,
            start=begin,
            status=status,
        )
        self.path.write_text(text)
        self.path.chmod(0o755)

    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        return [call.split("\n") for call in self.log.read_text().split("\n==\n")[:-1]]

    def variables(self) -> list[str]:
        return self.log.with_name("log.variables").read_text().splitlines()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "w")


@pytest.fixture
def engine(tmp_path: Path, world: World) -> Callable[..., Recorded]:
    """Has images run by the stand-in for a program."""

    def engine(name: str, **options: Any) -> Recorded:
        recorded = Recorded(tmp_path, name)
        isolation = Isolation(name, roots=(tmp_path / "root",), engine=str(recorded.path), user=("--user", "1:2"))
        isolation = isolation._replace(**options)
        starting = partial(start, REACTOR, orphans=Orphans(CLIENT, REACTOR))
        containers = isolation.containers(starting, IN_THREAD, REACTOR, world.workdir.images)
        world.equipment = replace(world.equipment, containers=containers)
        return recorded

    return engine


ALLOTMENT = Allotment(
    {"cores": 1, "memory": 1000, "gpus": 2}, {"cores": 1, "memory": 1000, "gpus": 2}, gpus=("0", "3")
)

WORK = workunit("run", "it", docker_image="quay.io/x/y:1", environ=Environ({"A": "b c", "LD_PRELOAD": "./evil"}))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("name", "devices"),
    [
        ("docker", ["--gpus", '"device=0,3"']),
        ("podman", ["--device", "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=3"]),
    ],
)
async def test_a_container_is_made_started_and_removed(
    engine: Callable[..., Recorded], world: World, tmp_path: Path, name: str, devices: list[str]
) -> None:
    """Its variables are in no arguments; the module of the engine says why there is each argument."""
    recorded = engine(name)
    recorded.write()
    finished = await Runner(WORK, ALLOTMENT, world.equipment).run()
    assert (finished.status, finished.stdout) == (ReportStatus.DONE, b"said\n"), finished.worknotes
    look, pull, size, create, begin, state, remove = recorded.calls()
    root, shared = world.root(WORK), tmp_path / "root"
    container = f"awe-{WORK.wuid}.1-1"
    assert look == ["image", "inspect", "--format", "{{.Id}}", "quay.io/x/y:1"]
    assert pull == ["pull", "quay.io/x/y:1"]
    assert size == ["image", "inspect", "--format", "{{.Size}}", "quay.io/x/y:1"]
    assert create == [
        *("create", "--env-file", f"{root}.env", "--name", container),
        *("--label", f"awe.client={CLIENT}", "--label", f"awe.work={root.name}"),
        *("--pull", "never", "--log-driver", "none", "--user", "1:2"),
        *("--security-opt", "label=disable", "--security-opt", "no-new-privileges"),
        *("--memory", "1000", "--memory-swap", "1000", "--cpus", "1", *devices),
        *("--mount", f"type=bind,source={root},destination={root}"),
        *("--mount", f"type=bind,source={shared},destination={shared}"),
        *("--workdir", str(root), "--network", "none", "--entrypoint", ""),
        *("quay.io/x/y:1", "run", "it"),
    ]
    assert begin == ["start", "--attach", container]
    assert (state[:2], state[-1]) == (["container", "inspect"], container)
    assert remove == ["rm", "--force", "--volumes", container]
    assert {"A=b c", "LD_PRELOAD=./evil", "AWE_MEMORY=1000", f"HOME={root}"} <= set(recorded.variables())
    assert "CUDA_VISIBLE_DEVICES=0,1" in recorded.variables()  # the only ones there, wherever they are outside
    assert not any(line.startswith("PATH=") for line in recorded.variables())
    assert not root.with_name(f"{root.name}.env").exists()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("allowed", "asked", "has"),
    [
        (ASKED, UNSET, False),
        (ASKED, True, True),
        (ALL, UNSET, True),
        (ALL, False, False),
        (NO, UNSET, False),
    ],
)
async def test_the_network_is_for_who_asks_for_it_or_where_it_is_allowed_for_all_who_do_not_refuse_it(
    engine: Callable[..., Recorded], world: World, allowed: str, asked: bool | UnsetType, has: bool
) -> None:
    recorded = engine("podman", network=allowed)
    recorded.write()
    await world.begin(workunit("run", docker_image="image", network=asked))
    [create] = [call for call in recorded.calls() if call[0] == "create"]
    assert ("--network" not in create) is has


@pytest_twisted.ensureDeferred
async def test_who_needs_the_network_where_there_is_none_is_told(
    engine: Callable[..., Recorded], world: World
) -> None:
    engine("podman", network=NO).write()
    finished = await world.begin(workunit("run", docker_image="image", network=True))
    assert finished.worknotes == "the task needs the network, which this worker gives to none (--network no)"


@pytest_twisted.ensureDeferred
async def test_an_image_is_fetched_once_for_all_who_wait_for_it(
    engine: Callable[..., Recorded], world: World
) -> None:
    """The run that fetches it shows how far that is."""
    recorded = engine("docker")
    recorded.write(pull=f"touch {recorded.path.with_name('image')}")
    runs = [workunit("run", rank=rank, docker_image="quay.io/x/y:1") for rank in (1, 2)]
    first, second = await gatherResults([world.begin(work) for work in runs])
    assert [call for call in recorded.calls() if call[0] == "pull"] == [["pull", "quay.io/x/y:1"]]
    assert (first.stderr, second.stderr) == (b"progress\n", b"")


@pytest_twisted.ensureDeferred
async def test_images_that_were_fetched_make_room_when_they_are_too_large_together(
    engine: Callable[..., Recorded], world: World
) -> None:
    """Those that nobody used for long, one after the other; none that was here before or is in use."""
    recorded = engine("docker", image_space=1500)
    here, notes = recorded.path.with_name("image"), world.workdir.images / "docker"
    recorded.write(pull=f"touch {here}", remove='case "$3" in image:1) exit 1;; esac')
    kept = []
    for rank, image in enumerate(("image:1", "image:2", "before", "image:3", "image:4", "image:5")):
        if image != "before":
            here.unlink(missing_ok=True)
        finished = await world.begin(workunit("run", rank=rank, docker_image=image))
        assert finished.status is ReportStatus.DONE, finished.worknotes
        kept.append(sorted(note.read_text() for note in notes.iterdir()))
        for note in notes.iterdir():
            os.utime(note, (note.stat().st_mtime - UNUSED,) * 2)
    one, two, three, four, five = (f"700 image:{number}" for number in range(1, 6))
    assert kept == [[one], [one, two], [one, two], [one, three], [one, four], [one, five]]
    removed = [call[2] for call in recorded.calls() if call[:2] == ["image", "rm"]]
    assert removed == ["image:1", "image:2", "image:1", "image:3", "image:1", "image:4"]


@pytest_twisted.ensureDeferred
async def test_images_that_are_files_make_room_likewise(engine: Callable[..., Recorded], world: World) -> None:
    recorded = engine("apptainer", image_space=5)
    recorded.write(pull='echo 345 >"$4"')
    for rank, age in enumerate((2 * UNUSED, 0.0, 0.0)):
        await world.begin(workunit("run", rank=rank, docker_image=f"image:{rank}"))
        [newest] = [image for image in world.workdir.images.iterdir() if image.stat().st_mtime > time.time() - 1000]
        os.utime(newest, (time.time() - age - UNUSED / 2,) * 2)
    assert len(list(world.workdir.images.iterdir())) == 2


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("step", "limit", "told"),
    [
        ("look", "program", "docker image: no answer within 1.2 seconds"),
        ("pull", "fetching", "the image quay.io/x/y:1 could not be fetched within 0.02 minutes"),
    ],
)
async def test_an_engine_that_hangs_fails_all_who_wait_for_it_and_says_why(
    engine: Callable[..., Recorded],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: str,
    limit: str,
    told: str,
) -> None:
    monkeypatch.setattr(f"awed.worker.containers.{limit}.LIMIT", 1.2)
    recorded = engine("docker")
    recorded.write(**{step: f"sleep 1000 & echo $! >>{recorded.pid}; wait"})  # type: ignore[arg-type]
    runs = [workunit("run", rank=rank, docker_image="quay.io/x/y:1") for rank in (1, 2)]
    for finished in await gatherResults([world.begin(work) for work in runs]):
        assert (finished.cause, finished.worknotes) == (Cause.IMAGE, told)
    for pid in recorded.pid.read_text().split():
        await gone(int(pid))


@pytest_twisted.ensureDeferred
async def test_the_processor_time_of_a_container_is_told_as_it_was_last_seen(
    engine: Callable[..., Recorded], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = engine("docker")

    def used(pid: int) -> float:
        recorded.path.with_name("seen").touch()
        return pid / 4

    monkeypatch.setattr("awed.worker.containers.engine.processor_time", used)
    recorded.write(state="running 0 false 29", begin=f"until test -e {recorded.path.with_name('seen')}; do :; done")
    finished = await Runner(WORK, ALLOTMENT, world.equipment).run()
    assert (finished.status, finished.perf.cpu_seconds) == (ReportStatus.DONE, 7.25)


@pytest_twisted.ensureDeferred
async def test_apptainer_has_what_it_is_to_show_and_no_variable_of_the_command(
    engine: Callable[..., Recorded], world: World, tmp_path: Path
) -> None:
    recorded = engine("apptainer")
    recorded.write(pull=': >"$4"')
    for work in (WORK, workunit("again", rank=1, docker_image="quay.io/x/y:1")):
        finished = await Runner(work, ALLOTMENT, world.equipment).run()
        assert finished.status is ReportStatus.DONE, finished.worknotes
    pull, run, _ = recorded.calls()
    root, shared = world.root(WORK), tmp_path / "root"
    [image] = world.workdir.images.iterdir()
    assert pull == ["pull", "--disable-cache", "--force", str(image.with_suffix(".part")), "docker://quay.io/x/y:1"]
    assert run == [
        *("exec", "--containall", "--no-home", "--no-eval"),
        *("--mount", f"type=bind,source={root}.tmp,destination=/tmp"),
        *("--mount", f"type=bind,source={root},destination={root}"),
        *("--mount", f"type=bind,source={shared},destination={shared}"),
        *("--net", "--network", "none", "--nv", "--pwd", str(root)),
        *(str(image), "run", "it"),
    ]
    assert "APPTAINERENV_LD_PRELOAD=./evil" in recorded.variables()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("answers", "cause", "told"),
    [
        ({"pull": "echo 'denied: no access' >&2; exit 1"}, Cause.IMAGE, "denied: no access"),
        ({"state": "exited 137 true 0", "status": 137}, Cause.MEMORY, "more memory than the 1 KB"),
        ({"state": "exited 137 false 0", "status": 137}, Cause.MEMORY, "more memory than the 1 KB"),
        ({"state": "exited 3 false 0", "status": 3}, Cause.EXIT, "exit status 3"),
        ({"state": "created 0 false 0", "status": 125}, Cause.START, "the container was not started"),
    ],
)
async def test_what_an_engine_says_of_a_failure_is_told(
    engine: Callable[..., Recorded], world: World, answers: dict[str, str], cause: Cause, told: str
) -> None:
    engine("docker").write(**answers)  # type: ignore[arg-type]
    finished = await Runner(WORK, ALLOTMENT, world.equipment).run()
    assert (finished.cause, told in finished.worknotes) == (cause, True), finished.worknotes


@pytest_twisted.ensureDeferred
async def test_where_an_engine_limits_no_memory_the_worker_does(
    engine: Callable[..., Recorded], world: World
) -> None:
    """Podman without root may only warn that it cannot."""
    recorded = engine("podman")
    large = f"{sys.executable} -c 'import time; x = bytes(range(256)) * 400_000; time.sleep(1000)'"
    recorded.write(begin=f"echo $$ >{recorded.pid}; exec {large}", state=f"running 0 false $(cat {recorded.pid})")
    allotment = Allotment({"cores": 1, "memory": 50_000_000}, {"memory": 50_000_000})
    finished = await Runner(WORK, allotment, world.equipment).run()
    assert (finished.cause, "it used more memory" in finished.worknotes) == (Cause.MEMORY, True), finished.worknotes


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("variables", [{"A": "b\nC=d"}, {"#A": "b"}, {"A B": "c"}])
async def test_variables_that_would_become_others_are_refused(
    engine: Callable[..., Recorded], world: World, variables: dict[str, str]
) -> None:
    engine("docker").write()
    work = workunit("run", docker_image="image", environ=Environ(variables))
    finished = await Runner(work, ALLOTMENT, world.equipment).run()
    assert f"the variable {next(iter(variables))!r} cannot be set" in finished.worknotes


def test_auto_takes_the_first_engine_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that its containers make belong to the worker. If none works, it is told why."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    podman, docker = Recorded(tmp_path, "podman"), Recorded(tmp_path, "docker")
    podman.path.write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    podman.path.chmod(0o755)
    docker.write()
    found = Isolation("auto").found(tmp_path / "w")
    assert (found.images, found.engine) == ("docker", str(docker.path))
    assert found.user == ("--user", f"{os.getuid()}:{os.getgid()}")
    docker.path.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoContainers) as caught:
        Isolation("auto").found(tmp_path / "w")
    told = "podman: a trial run of podman failed: podman import: no namespaces"
    assert caught.value.texts == [
        told,
        "docker: there is no docker in PATH",
        "apptainer: there is no apptainer in PATH",
    ]


@pytest_twisted.ensureDeferred
async def test_variables_of_a_command_are_none_of_its_sandbox(world: World, tmp_path: Path) -> None:
    """A library that one names would be loaded outside; and its arguments are shown to all users."""
    seen = tmp_path / "seen"
    bubblewrap = tmp_path / "bwrap"
    bubblewrap.write_text(f'#!/bin/sh\n{{ env; echo "$@"; cat <&3; }} | tr "\\0" "\\n" >{seen}\n')
    bubblewrap.chmod(0o755)
    starting = partial(start, REACTOR, orphans=Orphans(CLIENT, REACTOR))
    isolation = Isolation(sandbox=True, program=str(bubblewrap))
    containers = isolation.containers(starting, IN_THREAD, REACTOR, world.workdir.images)
    world.equipment = replace(world.equipment, containers=containers)
    work = workunit("run", environ=Environ({"LD_PRELOAD": "./evil", "SECRET": "s"}))
    assert (await world.begin(work)).status is ReportStatus.DONE
    text = seen.read_text()
    assert "LD_PRELOAD=" not in text
    assert "--setenv\nLD_PRELOAD\n./evil\n" in text
    assert text.index("--setenv") > text.index("--args 3 --")


def test_a_sandbox_hides_what_not_every_user_may_read(tmp_path: Path) -> None:
    """The worker may be root: its commands would read the passwords of the machine."""
    for name, mode in {"all": 0o755, "root": 0o750, "all/root": 0o711}.items():
        (tmp_path / name).mkdir(mode)
    for name, mode in {
        "shadow": 0o640,
        "hosts": 0o644,
        "all/key": 0o600,
        "all/cert": 0o444,
        "root/key": 0o644,
    }.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to("shadow")
    (tmp_path / "dead").symlink_to("nothing")
    hidden = ["all/key", "all/root", "root", "shadow"]
    assert list(private(tmp_path)) == [tmp_path / name for name in hidden]


def test_a_worker_starts_while_files_of_the_machine_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.listdir", lambda folder: ["gone", "shadow"])
    (tmp_path / "shadow").touch(0o600)
    assert list(private(tmp_path)) == [tmp_path / "shadow"]


@pytest.mark.skipif(os.getuid() != 0, reason="is about root")
@pytest_twisted.ensureDeferred
async def test_commands_of_root_in_a_sandbox_read_nothing_that_is_root_s_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor beside programs: a directory of PATH shows its ``lib`` again, in which something was hidden."""
    for name in ("bin", "lib"):
        (tmp_path / name).mkdir()
    for name, mode in {"key": 0o600, "open": 0o644}.items():
        (tmp_path / "lib" / name).write_text(name)
        (tmp_path / "lib" / name).chmod(mode)
    monkeypatch.setattr("awed.worker.containers.bubblewrap._OF_THE_MACHINE", (Path("/etc"), tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    try:
        isolation = Isolation(sandbox=True).found(world.workdir.images)
    except NoContainers as error:
        pytest.skip(f"{error}")
    containers = isolation.containers(
        partial(start, REACTOR, orphans=Orphans(CLIENT, REACTOR)), IN_THREAD, REACTOR, world.workdir.images
    )
    world.equipment = replace(world.equipment, containers=containers)
    files = "/etc/shadow /etc/shadow- /etc/ssl/private/*"
    report = await world.begin(workunit("sh", f"-c 'cat {files} {tmp_path}/lib/*; cat /etc/passwd'"))
    assert report.status is ReportStatus.DONE
    assert report.stdout.startswith(b"openroot:x:")


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("../run/NetworkManager/resolv.conf", True),
        ("/run/systemd/resolve/stub-resolv.conf", False),
        ("/usr/lib/resolv.conf", False),
        ("", False),
    ],
)
def test_a_sandbox_has_the_names_of_hosts_wherever_they_are(tmp_path: Path, target: str, shown: bool) -> None:
    """Else all of them are unknown there, without a word why. Some folders are shown anyway."""
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "resolv.conf"
    if target:
        file.symlink_to(target)
    else:
        file.touch()
    place = f"{tmp_path}/run/NetworkManager/resolv.conf"
    assert list(resolver(file)) == (["--ro-bind-try", place, place] if shown else [])


def test_a_sandbox_has_all_gpus_so_that_each_keeps_its_number(tmp_path: Path) -> None:
    """With the first alone, a command that was given another one had none."""
    for name in ("nvidia0", "nvidia1", "nvidiactl", "kfd", "sda"):
        (tmp_path / name).touch()
    shown = gpus(View(ALLOTMENT), tmp_path)
    assert shown[1::3] == [f"{tmp_path}/{name}" for name in ("kfd", "nvidia0", "nvidia1", "nvidiactl")]
    assert gpus(View(Allotment({"cores": 1}, {})), tmp_path) == []
