"""The resources of a machine, and the share of each command."""

import os
from pathlib import Path

import pytest

from awed.model.resources import Said, amounts_of
from awed.model.work import Workunit
from awed.worker.cgroups import (
    UNIFIED,
    Group,
    Groups,
    Hierarchy,
    cores_allowed,
    groups_of_commands,
    hierarchies,
    memory_allowed,
    processor_time,
)
from awed.worker.machine import Machine, Told, found_gpus, machine_of
from tests.unit.worker.builders import workunit


def needing(**needs: float | str) -> Workunit:
    said: Said = dict(needs)
    return workunit(resources=amounts_of(said))


def test_no_more_than_fits_runs_at_once_and_what_has_ended_makes_room() -> None:
    machine = Machine({"cores": 4.0, "memory": 8}, 1000)
    first = machine.take(needing(cores=3, memory=5))
    assert first
    assert not machine.take(needing(cores=2))
    assert not machine.take(needing(memory=4))
    assert machine.take(needing(cores=0.5, memory=3))
    assert machine.room == 1
    assert not machine.take(workunit())
    machine.give_back(first)
    assert machine.room == 4
    assert machine.take(workunit())


def test_a_run_takes_no_slot_and_no_core_of_the_work_for_which_it_waits() -> None:
    machine = Machine({"cores": 1.0, "runs": 2}, 1)
    run = machine.take(needing(runs=1))
    assert run
    assert (run.threads, machine.room) == (1, 1)
    assert machine.take(workunit())
    assert machine.take(needing(runs=1))
    assert not machine.take(needing(runs=1))
    machine.give_back(run)
    assert machine.room == 0


def test_a_worker_that_has_the_runner_takes_runs(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    assert "runs" not in machine_of(Told(), 99, environ).offers
    (tmp_path / "awe-cwl-runner").touch(0o755)
    assert machine_of(Told(), 99, environ).offers["runs"] == 16
    assert machine_of(Told(others={"runs": 3}), 99, environ).offers["runs"] == 3


def test_slots_are_a_further_limit() -> None:
    machine = Machine({"cores": 4.0}, 2)
    assert (machine.plain, machine.room) == (2, 2)
    assert machine.take(workunit())
    assert machine.take(workunit())
    assert not machine.take(needing(cores=0.1))
    assert machine.room == 0


@pytest.mark.parametrize("needs", [{"cores": 5}, {"memory": 9}, {"licence": 1}])
def test_what_can_never_run_here_is_told(needs: dict[str, float]) -> None:
    machine = Machine({"cores": 4.0, "memory": 8}, 9)
    assert not machine.holds(needing(**needs))


def test_who_says_how_many_cores_is_kept_to_those_that_are_used_least() -> None:
    machine = Machine({"cores": 4.0}, 9, cpus=[0, 1, 2, 3])
    two, half, half_more = (machine.take(needing(cores=cores)) for cores in (2, 0.5, 0.5))
    assert two
    assert half
    assert half_more
    assert two.cpus == frozenset({0, 1})
    assert (half.cpus, half_more.cpus) == (frozenset({2}), frozenset({3}))
    machine.give_back(two)
    one = machine.take(needing(cores=1))
    assert one
    assert one.cpus == frozenset({0})
    anywhere = machine.take(workunit())
    assert anywhere
    assert anywhere.cpus is None


def test_more_cores_may_be_offered_than_there_are() -> None:
    machine = Machine({"cores": 4.0}, 9, cpus=[0, 1])
    allotment = machine.take(needing(cores=4))
    assert allotment
    assert allotment.cpus == frozenset({0, 1})


def test_each_device_is_one_command_s() -> None:
    machine = Machine({"cores": 9.0, "gpus": 3}, 9, gpus=["0", "1", "2"])
    first, second = machine.take(needing(gpus=2)), machine.take(needing(gpus=1))
    assert first
    assert second
    assert first.environment()["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert second.environment()["CUDA_VISIBLE_DEVICES"] == "2"
    none = machine.take(needing(gpus=0))
    assert none
    assert none.environment()["CUDA_VISIBLE_DEVICES"] == ""
    machine.give_back(first)
    again = machine.take(needing(gpus=1))
    assert again
    assert again.gpus == ("0",)


def test_a_command_is_told_what_it_has() -> None:
    machine = Machine({"cores": 9.0, "memory": 1 << 40}, 9)
    allotment = machine.take(needing(cores=1.5, memory="2G"))
    assert allotment
    assert allotment.environment() == {"AWE_CORES": "1.5", "AWE_MEMORY": str(2 << 30)}
    assert allotment.threads == 2


def test_what_is_told_counts_and_slots_bring_their_cores() -> None:
    told = machine_of(Told(cores=3.0, memory=5, disk=7, gpus=2, others={"licence": 1}), 99, {})
    assert told.offers == {"cores": 3.0, "memory": 5, "disk": 7, "gpus": 2, "licence": 1}
    assert told.slots == 1000
    assert machine_of(Told(slots=500), 99, {}).offers["cores"] == 500
    found = machine_of(Told(), 99, {"CUDA_VISIBLE_DEVICES": "GPU-x,GPU-y"})
    assert found.offers["cores"] >= 0.01
    assert found.offers["memory"] > 1 << 20
    assert (found.offers["disk"], found.offers["gpus"]) == (99, 2)


def test_gpus_are_found_by_the_program_that_knows_them_or_by_their_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "renderD128").touch()
    assert found_gpus({}, tmp_path) == ["0"]
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "GPU 0: A (UUID: GPU-1)"\necho "  MIG 1g"\necho "GPU 1: A (UUID: GPU-2)"\n')
    program.chmod(0o755)
    assert found_gpus({}, tmp_path) == ["0", "1"]
    program.write_text("#!/bin/sh\nexit 9\n")
    assert found_gpus({}, tmp_path) == []


@pytest.mark.parametrize(
    ("said", "devices"),
    [
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("none", []),
        ("0,-1,1", ["0"]),
        ("2, 0,2", ["2", "0"]),
        ("1,", ["1"]),
        ("GPU-a,MIG-b/1/0", ["GPU-a", "MIG-b/1/0"]),
    ],
)
def test_what_names_no_gpu_is_none(said: str, devices: list[str]) -> None:
    """So people and Slurm hide GPUs from a program: commands would wait for one, and then find none."""
    assert found_gpus({"CUDA_VISIBLE_DEVICES": said}) == devices


def process(proc: Path, groups: str, mounts: str) -> Path:
    """What the system tells of a process."""
    proc.mkdir()
    (proc / "cgroup").write_text(groups)
    (proc / "mountinfo").write_text(mounts)
    return proc


def test_groups_of_both_versions_are_found_with_what_they_allow(tmp_path: Path) -> None:
    unified, memory, cpu = (tmp_path / name for name in ("unified", "memory", "cpu,cpuacct"))
    proc = process(
        tmp_path / "proc",
        "9:memory:/box/job\n3:cpu,cpuacct:/elsewhere\n0::/user/worker\n",
        f"30 25 0:26 / {unified} rw - cgroup2 cgroup2 rw\n"
        f"31 25 0:27 /box {memory} rw shared:1 - cgroup cgroup rw,memory\n"
        f"32 25 0:28 /box {cpu} rw - cgroup cgroup rw,cpu,cpuacct\n"
        "33 25 0:29 / /tmp rw - tmpfs tmpfs rw\n",
    )
    with (proc / "mountinfo").open("ab") as mounts:
        mounts.write(b"34 25 0:30 / /no-utf-8-\xff rw - tmpfs tmpfs rw\n")
    for group in (unified / "user" / "worker", memory / "job", cpu):
        group.mkdir(parents=True)
    (unified / "user" / "cpu.max").write_text("150000 100000\n")
    (unified / "user" / "worker" / "cpu.max").write_text("max 100000\n")
    (unified / "user" / "memory.max").write_text("max\n")
    (memory / "job" / "memory.limit_in_bytes").write_text("4096\n")
    (memory / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (cpu / "cpu.cfs_quota_us").write_text("-1\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    found = hierarchies(proc)
    assert {name: found[name].own for name in ("", "memory", "cpu")} == {
        "": unified / "user" / "worker",
        "memory": memory / "job",
        "cpu": cpu,
    }
    assert cores_allowed(found) == 1.5
    assert memory_allowed(found) == 4096


@pytest.mark.parametrize(
    ("theirs", "used"),
    [
        ("3:cpu,cpuacct:/box/one\n0::/user/one\n", 2.5),
        ("0::/user/one\n", 1.5),
        ("3:cpu,cpuacct:/elsewhere\n0::/user/worker\n", 0),
        ("3:cpu,cpuacct:/box/gone\n0::/../out\n", 0),
    ],
)
def test_the_processor_time_of_a_container_is_that_of_its_group(tmp_path: Path, theirs: str, used: float) -> None:
    """One that shares the group of the worker has none that could be told apart."""
    unified, cpu = tmp_path / "unified", tmp_path / "cpu,cpuacct"
    process(
        tmp_path / "self",
        "3:cpu,cpuacct:/box\n0::/user/worker\n",
        f"30 25 0:26 / {unified} rw - cgroup2 cgroup2 rw\n32 25 0:28 /box {cpu} rw - cgroup cgroup rw,cpu,cpuacct\n",
    )
    process(tmp_path / "7", theirs, "")
    for group in (unified, unified / "user" / "worker", unified / "user" / "one"):
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1400000\n")
    for group in (cpu, cpu / "one"):
        group.mkdir(exist_ok=True)
        (group / "cpuacct.usage").write_text("2500000000\n")
    assert processor_time(7, tmp_path) == used


def test_where_there_are_no_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert cores_allowed(hierarchies(tmp_path)) is None
    assert memory_allowed(hierarchies(tmp_path)) is None


def test_a_worker_that_is_alone_in_its_group_of_version_2_makes_groups_for_commands(tmp_path: Path) -> None:
    own = tmp_path / "worker.service"
    (own / "awe.left").mkdir(parents=True)
    (own / "cgroup.controllers").write_text("cpu memory\n")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    groups = groups_of_commands({UNIFIED: Hierarchy(tmp_path, own)})
    assert groups
    assert (own / "awe-worker" / "cgroup.procs").read_text() == "0"
    assert (own / "cgroup.subtree_control").read_text() == "+memory"
    assert not (own / "awe.left").exists()
    group = groups.make(4096, os.getpid())
    made = own / f"awe.{os.getpid()}"
    files = {name: (made / name).read_text() for name in ("memory.max", "memory.swap.max", "memory.oom.group")}
    assert files == {"memory.max": "4096", "memory.swap.max": "0", "memory.oom.group": "1"}
    assert int((made / "cgroup.procs").read_text()) > 0
    assert not group.has_killed
    (made / "memory.events").write_text("oom 1\noom_kill 2\n")
    assert group.has_killed


def test_no_group_is_left_of_a_command_that_cannot_be_moved_or_of_an_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(group: Group, pid: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Group, "limit", lambda group, memory: None)
    groups = Groups(tmp_path, unified=True)
    (tmp_path / "awe.7").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(Group, "add", refuse)
        with pytest.raises(PermissionError):
            groups.make(4096, 7)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("controllers", "processes"),
    [("cpu", ""), ("memory", "1\n"), ("memory", f"1\n{os.getpid()}\n")],
    ids=["no memory", "another", "another as well"],
)
def test_where_others_are_in_the_group_or_memory_cannot_be_limited_none_is_made(
    tmp_path: Path, controllers: str, processes: str
) -> None:
    (tmp_path / "cgroup.controllers").write_text(controllers)
    (tmp_path / "cgroup.procs").write_text(processes)
    assert groups_of_commands({UNIFIED: Hierarchy(tmp_path, tmp_path)}) is None
    assert groups_of_commands({"memory": Hierarchy(tmp_path, tmp_path / "none")}) is None
