"""The outputs of TES tasks that become nodes."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from awed.model.tes import DIRECTORY, TREE, Executor, Input, Output, TesTask
from awed.tx.http import Reach
from awed.worker.errors import WorkFailed
from awed.worker.executors import Command, Executors
from awed.worker.fileroots import FileRoots
from awed.worker.logs import LogFiles, Logs
from awed.worker.process import Exit
from awed.worker.urls import Urls
from tests.unit.worker.builders import IN_THREAD, PLAIN, result
from tests.unit.worker.datahost import FakeHosts

OWN = "http://server/node"
OUT = "/var/spool/cwl"
DIRECTORY_OUT = Output(path=OUT, url=OWN, type=DIRECTORY)


class World:
    """A task whose directory becomes nodes. *made*: the files of which nodes were made, by their ids."""

    def __init__(
        self,
        root: Path,
        *inputs: Input,
        urls: Urls | None = None,
        output: Output = DIRECTORY_OUT,
        executor: Executor | None = None,
    ) -> None:
        self.made: list[tuple[str, str, bytes]] = []
        self.root = root
        self.top = root / TREE / OUT[1:]
        task = TesTask(
            inputs=list(inputs),
            outputs=[output],
            executors=[executor or Executor()],
            volumes=[OUT],
        )
        (root / "logs").mkdir(exist_ok=True)
        self.logs = Logs(LogFiles(root / "logs", lambda path: None))
        self.executors = Executors(
            task,
            root,
            self.logs,
            urls=urls or Urls(FileRoots(), None, FakeHosts(), FakeHosts(), Reach(), IN_THREAD),
            make_node=self._make,
            environ={},
            allotment=PLAIN,
            in_thread=IN_THREAD,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )

    async def _make(self, host: str, path: Path, name: str, expiration: str) -> str:
        self.made.append((host, name, _content(path)))
        return str(len(self.made))

    def outputs(self) -> list[tuple[str, str, str]]:
        """Deliver; path, URL and size of each output."""
        result(self.executors.deliver())
        return [(one.path.removeprefix(OUT), one.url, one.size_bytes) for one in self.executors.log.outputs]


def _content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    result(made.executors.fetch())
    return made


def test_each_file_becomes_a_node_and_an_empty_directory_is_told_of(world: World) -> None:
    (world.top / "d" / "empty").mkdir(parents=True)
    (world.top / "d" / "a b").write_text("one")
    (world.top / "z").write_text("")
    assert world.outputs() == [("/d/a b", f"{OWN}/1", "3"), ("/d/empty/", OWN, "0"), ("/z", f"{OWN}/2", "0")]
    assert world.made == [("http://server", "a b", b"one"), ("http://server", "z", b"")]


def test_a_directory_that_stays_empty_is_told_of(world: World) -> None:
    assert world.outputs() == [("/", OWN, "0")]


def test_links_are_what_they_lead_to_and_make_no_second_node(world: World) -> None:
    """Nor can one lead out, or round and round; one that leads nowhere or to what is no output, and what is no file,
    is nothing."""
    (world.root / TREE / "tmp" / "t").write_text("not to be kept")
    (world.top / "tmp").symlink_to("/tmp/t")
    (world.top / "d").mkdir()
    (world.top / "d" / "a").write_text("one")
    os.link(world.top / "d" / "a", world.top / "hard")
    for name, target in {
        "file": "d/a",
        "folder": f"{OUT}/d",
        "round": OUT,
        "out": "/etc/passwd",
        "none": "x",
    }.items():
        (world.top / name).symlink_to(target)
    os.mkfifo(world.top / "pipe")
    assert world.outputs() == [(path, f"{OWN}/1", "3") for path in ("/d/a", "/file", "/folder/a", "/hard")]


def test_an_input_that_was_left_as_it_was_stays_its_node(tmp_path: Path) -> None:
    inputs = [Input(url=f"http://other/node/{name}?download", path=f"{OUT}/{name}") for name in ("same", "changed")]
    world = World(tmp_path, *inputs)
    world.top.mkdir(parents=True)
    for name in ("same", "changed"):
        (world.top / name).write_text("old")
    result(world.executors.fetch())
    (world.top / "changed").write_text("new")
    os.utime(world.top / "changed", ns=(0, 0))
    assert world.outputs() == [("/changed", f"{OWN}/1", "3"), ("/same", "http://other/node/same", "3")]


def test_an_input_may_come_to_a_shared_path(tmp_path: Path) -> None:
    """With what is in it, but no link, which others would follow."""
    for name in ("shared", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared" / "in" / "deep").mkdir(parents=True)
    (tmp_path / "shared" / "in" / "deep" / "file").write_text("text")
    url, shared = f"file://{tmp_path}/shared/in", tmp_path / "shared"

    def fetch(*inputs: Input) -> None:
        urls = Urls(FileRoots([shared]), None, FakeHosts(), FakeHosts(), Reach(), IN_THREAD)
        result(World(tmp_path / "run", *inputs, urls=urls).executors.fetch())

    fetch(
        Input(url=f"{url}/deep/file", path=f"{shared}/a/file"),
        Input(url=url, path=f"{shared}/b", type=DIRECTORY),
        Input(content="said", path=f"{shared}/c/said"),
    )
    brought = [shared / name for name in ("a/file", "b/deep/file", "c/said")]
    assert [path.read_text() for path in brought] == ["text", "text", "said"]
    with pytest.raises(WorkFailed, match=f"^{url}/nothing: No such file or directory$"):
        fetch(Input(url=f"{url}/nothing", path="/a"))
    (shared / "in" / "link").symlink_to("/etc/hostname")
    with pytest.raises(WorkFailed, match="would have a symbolic link"):
        fetch(Input(url=url, path=f"{shared}/d", type=DIRECTORY))


def test_an_output_in_the_root_is_missing_unless_a_command_has_written_it(tmp_path: Path) -> None:
    """Containers have a place for it, which is a file that is there before."""
    (tmp_path / "shared").mkdir()
    urls = Urls(FileRoots([tmp_path / "shared"]), None, FakeHosts(), FakeHosts(), Reach(), IN_THREAD)
    world = World(tmp_path, urls=urls, output=Output(path="/out", url=f"file://{tmp_path}/shared/out"))
    result(world.executors.fetch())
    with pytest.raises(WorkFailed, match="missing output files: /out"):
        world.outputs()
    (tmp_path / TREE / "out").write_text("")
    assert world.outputs() == [("/out", f"file://{tmp_path}/shared/out", "0")]


@pytest.mark.parametrize(
    ("stderr", "files"), [("/tmp/all", {"all": "out\nerr\n"}), ("/tmp/err", {"all": "out\n", "err": "err\n"})]
)
def test_stdout_and_stderr_may_go_to_one_file(tmp_path: Path, stderr: str, files: dict[str, str]) -> None:
    world = World(tmp_path, executor=Executor(stdout="/tmp/all", stderr=stderr))

    async def run(command: Command) -> Exit:
        for path, text in zip(world.logs.paths, ("out\n", "err\n"), strict=True):
            path.write_text(text)
        return Exit(0)

    result(world.executors.fetch())
    result(world.executors.run(run))
    assert {path.name: path.read_text() for path in (tmp_path / TREE / "tmp").iterdir()} == files
