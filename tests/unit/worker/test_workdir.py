"""A worker's directory: one worker at a time, an id for life, and no litter."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from awed.model.ids import is_uuid
from awed.worker.cache import Cache
from awed.worker.errors import WorkdirInUse
from awed.worker.janitor import BATCH_PERIOD, KEPT_AT_MOST, SWEEP_PERIOD, Janitor, remove
from awed.worker.workdir import ARRIVING, UNUSED, Workdir, file_name
from tests.unit.worker.builders import IN_THREAD, JOB, result

WUID = f"{JOB}_0_0"
NOBODY = 65534
GIB = 1 << 30


@pytest.fixture
def workdir(tmp_path: Path) -> Workdir:
    workdir = Workdir(tmp_path / "w")
    workdir.open()
    return workdir


def janitor(workdir: Workdir, keep: float = 3600.0, clock: Clock | None = None) -> Janitor:
    return Janitor(workdir, Cache(workdir.cache, IN_THREAD, workdir.is_low), clock or Clock(), IN_THREAD, keep)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_second_worker_is_told_who_is_here(workdir: Workdir) -> None:
    with pytest.raises(WorkdirInUse, match=rf"w is in use by another worker, process {os.getpid()}$"):
        Workdir(workdir.root).open()
    workdir.close()
    Workdir(workdir.root).open()


def test_the_id_stays_and_a_broken_one_is_replaced(workdir: Workdir) -> None:
    known = workdir.client_id()
    assert is_uuid(known)
    assert Workdir(workdir.root).client_id() == known
    (workdir.root / "id").write_text("nonsense")
    assert is_uuid(workdir.client_id())
    assert workdir.client_id() != known


def test_what_a_killed_worker_left_is_thrown_away(workdir: Workdir) -> None:
    (workdir.make(WUID, 1) / "file").touch()
    (workdir.cache / f"key{ARRIVING}").touch()
    (workdir.cache / "ready").touch()
    workdir.close()
    workdir.open()
    assert names(workdir.work) == []
    assert names(workdir.cache) == ["ready"]
    assert len(names(workdir.trash)) == 2


def test_it_is_private(workdir: Workdir) -> None:
    assert stat.S_IMODE(workdir.root.stat().st_mode) == 0o700


@pytest.mark.parametrize("wuid", [WUID, "../../etc_x_0", "/etc_x_0", "a\nb_c_0", "a_ü_0", f"{JOB}_{'字' * 100}_0"])
def test_every_workunit_has_a_directory_of_its_own_right_here(workdir: Workdir, wuid: str) -> None:
    directory = workdir.make(wuid, 1)
    assert directory.parent == workdir.work
    assert names(directory) == []
    (directory / "old").touch()
    assert names(workdir.make(wuid, 1)) == []
    assert len({file_name(wuid, 1), file_name(wuid, 2), file_name(f"{wuid}0", 1)}) == 3
    workdir.keep(directory)


def test_what_is_done_with_is_removed_soon_and_together(workdir: Workdir) -> None:
    clock = Clock()
    keeper = janitor(workdir, clock=clock)
    for attempt in range(3):
        directory = workdir.make(WUID, attempt)
        (directory / "stdout").write_text("hello")
        keeper.take(directory, failed=False)
    tree = workdir.make(WUID, 3)
    (tree / "sub").mkdir()
    (tree / "sub" / "file").touch()
    keeper.take(tree, failed=False)
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(BATCH_PERIOD)
    assert names(workdir.work) == []


def test_a_directory_that_a_command_has_changed_is_nobody_else_s(workdir: Workdir) -> None:
    keeper = janitor(workdir)
    first = workdir.make(f"{JOB}_0_0", 1)
    first.chmod(0o500)
    keeper.take(first, failed=False)
    assert workdir.spare == []


def test_a_directory_that_was_left_empty_is_another_workunit_s_that_has_no_files(workdir: Workdir) -> None:
    keeper = janitor(workdir)
    first = workdir.make(f"{JOB}_0_0", 1)
    inode = first.stat().st_ino
    keeper.take(first, failed=False)
    assert workdir.make(f"{JOB}_1_0", 1).stat().st_ino != inode
    assert workdir.make(f"{JOB}_2_0", 1, fresh=False).stat().st_ino == inode
    assert names(workdir.work) == [f"{JOB}_1_0.1", f"{JOB}_2_0.1"]


def test_a_link_to_elsewhere_is_removed_and_not_followed(workdir: Workdir, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    directory = workdir.make(WUID, 1)
    (directory / "link").symlink_to(precious)
    other = workdir.make(WUID, 2)
    other.rmdir()
    other.symlink_to(precious)
    remove([directory, other])
    assert names(workdir.work) == []
    assert names(precious) == ["file"]


def fail(keeper: Janitor, workdir: Workdir, wuid: str) -> Path:
    directory = workdir.make(wuid, 1)
    (directory / "trace").touch()
    keeper.take(directory, failed=True)
    return workdir.failed / directory.name


@pytest.fixture
def ordinary() -> Iterator[Workdir]:
    """A directory of somebody who is not root, as whom the test runs: root may write everywhere."""
    root = Path(mkdtemp())
    if was_root := os.geteuid() == 0:
        os.chown(root, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        workdir = Workdir(root / "w")
        workdir.open()
        yield workdir
    finally:
        if was_root:
            os.seteuid(0)
        remove([root])


def spoilt(workdir: Workdir) -> Path:
    """A directory in which a command has taken all rights away."""
    directory = workdir.make(WUID, 1)
    (directory / "sub").mkdir()
    (directory / "sub" / "file").touch()
    (directory / "sub").chmod(0)
    directory.chmod(0)
    return directory


def test_a_read_only_directory_is_removed(ordinary: Workdir) -> None:
    remove([spoilt(ordinary)])
    assert names(ordinary.work) == []


def test_a_read_only_directory_does_not_keep_a_worker_from_starting(ordinary: Workdir) -> None:
    spoilt(ordinary)
    ordinary.close()
    ordinary.open()
    assert names(ordinary.work) == []
    janitor(ordinary).startService()
    assert names(ordinary.trash) == []


@pytest.mark.parametrize("failed", [True, False])
def test_a_read_only_directory_is_tidied_up(ordinary: Workdir, failed: bool) -> None:
    clock = Clock()
    keeper = janitor(ordinary, 3600.0, clock)
    keeper.startService()
    keeper.take(spoilt(ordinary), failed)
    assert len(names(ordinary.failed)) == failed
    clock.advance(7200)
    assert names(ordinary.work) == names(ordinary.failed) == []


def test_what_cannot_be_removed_is_told_and_does_not_keep_the_rest(
    workdir: Workdir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what a command made as another user, or made immutable."""

    def refuse(path: Any) -> None:
        if Path(path).name == "foreign":
            raise PermissionError(1, "Operation not permitted", str(path))
        unlink(path)

    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", refuse)
    for attempt, name in enumerate(["foreign", "other"]):
        (workdir.make(WUID, attempt) / name).touch()
    workdir.close()
    workdir.open()
    with capturedLogs() as logs:
        janitor(workdir).startService()
    assert "foreign" in str(logs[0]["error"])
    assert [path.name for path in workdir.trash.rglob("*") if path.is_file()] == ["foreign"]


def test_a_directory_however_deep_is_removed(workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deeper than a path may be long."""
    directory = workdir.make(WUID, 1)
    monkeypatch.chdir(directory)
    for _ in range(1500):
        os.mkdir("deep")
        os.chdir("deep")
    os.chdir(workdir.root)
    remove([directory])
    assert names(workdir.work) == []


@pytest.mark.parametrize("failed", [True, False])
def test_a_directory_that_became_a_link_to_nowhere_is_no_trouble(workdir: Workdir, failed: bool) -> None:
    directory = workdir.make(WUID, 1)
    directory.rmdir()
    directory.symlink_to("nowhere")
    janitor(workdir).take(directory, failed)
    workdir.close()
    workdir.open()
    janitor(workdir, 0).startService()
    assert names(workdir.work) == names(workdir.failed) == names(workdir.trash) == []


@pytest.fixture
def small(workdir: Workdir, monkeypatch: pytest.MonkeyPatch) -> Workdir:
    """On a disk of forty GiB."""

    def available() -> int:
        files = [path.stat().st_size for path in workdir.root.rglob("*") if path.is_file()]
        return 40 * GIB - sum(size for size in files if size >= GIB)

    monkeypatch.setattr(workdir, "available", available)
    return workdir


def grown(path: Path, size: int) -> None:
    with path.open("wb") as sparse:
        sparse.truncate(size * GIB)


def test_what_is_kept_makes_room_the_oldest_first_and_no_more_than_needed(small: Workdir) -> None:
    for age, name in enumerate(["young", "old"]):
        grown(small.cache / name, 5)
        os.utime(small.cache / name, (1000 - age, 1000 - age))
    keeper = janitor(small)
    for attempt in range(3):
        grown((failed := small.make(WUID, attempt)) / "huge", 7)
        keeper.take(failed, failed=True)
    assert result(keeper.room()) == (9 + 10) * GIB
    assert len(names(small.failed)) == 3
    assert result(keeper.room(20 * GIB)) == (9 + 2 * 7 + 10) * GIB
    assert names(small.failed) == [f"{WUID}.2"]
    assert names(small.cache) == ["old", "young"]
    assert result(keeper.room(31 * GIB)) == (40 - 5 + 5) * GIB
    assert names(small.failed) == []
    assert names(small.cache) == ["young"]


def test_images_make_room_too_but_for_those_in_use(small: Workdir) -> None:
    for name, age in (("used", 0.0), ("old", 2 * UNUSED), ("older", 3 * UNUSED), ("oldest", 4 * UNUSED)):
        grown(small.images / name, 11)
        os.utime(small.images / name, (time.time() - age,) * 2)
    keeper = janitor(small)
    assert result(keeper.room(10 * GIB)) == (40 - 2 * 11) * GIB
    assert names(small.images) == ["old", "used"]
    assert result(keeper.room(40 * GIB)) == (40 - 11) * GIB
    assert names(small.images) == ["used"]


def test_the_directory_of_a_command_that_filled_the_disk_is_not_kept(small: Workdir) -> None:
    clock = Clock()
    keeper = janitor(small, clock=clock)
    grown((full := small.make(WUID, 1)) / "huge", 40)
    keeper.take(full, failed=True)
    clock.advance(BATCH_PERIOD)
    assert names(small.work) == names(small.failed) == []


def test_failed_ones_are_kept_for_a_time_and_never_too_many(workdir: Workdir) -> None:
    clock = Clock()
    keeper = janitor(workdir, 3600.0, clock)
    keeper.startService()
    for number in range(KEPT_AT_MOST + 5):
        fail(keeper, workdir, f"{number}_x_0")
    clock.advance(SWEEP_PERIOD)
    assert len(names(workdir.failed)) == KEPT_AT_MOST
    assert (workdir.failed / f"{KEPT_AT_MOST + 4}_x_0.1" / "trace").exists()
    clock.pump([SWEEP_PERIOD] * 6)
    assert names(workdir.failed) == []
    keeper.stopService()


@pytest.mark.parametrize("step", [-86400, 86400])
def test_how_long_failed_ones_are_kept_is_nothing_that_sets_the_clock_to_change(workdir: Workdir, step: int) -> None:
    clock = Clock()
    keeper = janitor(workdir, 3600.0, clock)
    keeper.startService()
    set_back = fail(keeper, workdir, WUID)
    os.utime(set_back, (time.time() - step,) * 2)  # as if the clock had been set since
    clock.pump([SWEEP_PERIOD] * 5)
    assert set_back.exists()
    clock.pump([SWEEP_PERIOD] * 2)
    assert not set_back.exists()
    keeper.stopService()


def test_what_an_earlier_worker_kept_is_kept_for_the_rest_of_its_time(workdir: Workdir) -> None:
    for wuid, age in (("a_x_0", 2000), ("b_x_0", 4000), ("c_x_0", -86400)):
        os.utime(fail(janitor(workdir), workdir, wuid), (time.time() - age,) * 2)
    clock = Clock()
    keeper = janitor(workdir, 3600.0, clock)
    keeper.startService()
    assert names(workdir.failed) == ["a_x_0.1", "c_x_0.1"]
    clock.pump([SWEEP_PERIOD] * 3)
    assert names(workdir.failed) == ["c_x_0.1"]
    clock.pump([SWEEP_PERIOD] * 4)
    assert names(workdir.failed) == []
    keeper.stopService()


def test_they_are_not_kept_if_nobody_wants_them(workdir: Workdir) -> None:
    janitor(workdir, 0).take(workdir.make(WUID, 1), failed=True)
    assert names(workdir.failed) == []


def test_the_same_may_fail_again(workdir: Workdir) -> None:
    for _ in range(3):
        janitor(workdir).take(workdir.make(WUID, 1), failed=True)
    assert len(names(workdir.failed)) == 3


def test_a_directory_that_removed_itself_is_no_trouble(workdir: Workdir) -> None:
    directory = workdir.make(WUID, 1)
    directory.rmdir()
    janitor(workdir).take(directory, failed=False)
    janitor(workdir).take(directory, failed=True)


@pytest_twisted.ensureDeferred
async def test_stopping_removes_what_is_left_to_remove(workdir: Workdir) -> None:
    clock = Clock()
    keeper = janitor(workdir, clock=clock)
    keeper.startService()
    keeper.take(workdir.make(WUID, 1), failed=False)
    await keeper.stopService()
    assert names(workdir.work) == []
    assert not clock.getDelayedCalls()


def test_free_disk_is_told(workdir: Workdir) -> None:
    assert workdir.available() > 0
