"""What a command writes reaches the server while it runs, and nothing of that matters to the run."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock

from awed.client.asynchronous import Server
from awed.wire.reports import PIECE
from awed.worker import tail as tails
from awed.worker.logs import LogFiles, Logs
from awed.worker.report import Key
from awed.worker.tail import PERIOD, REFUSED, Tail
from tests.unit.worker.fake import FakeServer, judged, refused

KEY = Key("j_0_0", 1)


class World:
    def __init__(self, directory: Path) -> None:
        self.fake = FakeServer()
        self.clock = Clock()
        self.tail = Tail(Server(self.fake, self.clock, "http://server"), "c1", self.clock)
        self.files = LogFiles(directory, lambda path: path.unlink(missing_ok=True))

    def command(self, key: Key = KEY) -> Logs:
        logs = Logs(self.files)
        self.tail.follow(key, logs)
        return logs

    def look(self) -> list[dict[str, Any]]:
        """What is sent at the next look."""
        before = len(self.fake.of("log"))
        self.clock.advance(PERIOD)
        return [piece for asked in self.fake.of("log")[before:] for piece in pieces(asked.body)]


def pieces(body: bytes) -> list[dict[str, Any]]:
    found = msgspec.json.decode(body)
    return [piece | {"data": base64.b64decode(piece["data"])} for piece in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.files.close()


def say(path: Path, text: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(file, text)
    os.close(file)


def test_what_is_new_is_sent_with_its_place(world: World) -> None:
    logs = world.command()
    assert world.look() == []
    say(logs.stdout.path, b"one\n")
    say(logs.stderr.path, b"oops\n")
    sent = world.look()
    assert [(piece["stream"], piece["offset"], piece["data"]) for piece in sent] == [
        ("stdout", 0, b"one\n"),
        ("stderr", 0, b"oops\n"),
    ]
    assert world.look() == []
    say(logs.stdout.path, b"two\n")
    assert [(piece["offset"], piece["data"]) for piece in world.look()] == [(4, b"two\n")]
    world.tail.leave(KEY)
    assert not world.clock.getDelayedCalls()


def test_the_next_command_of_a_run_goes_on_where_the_last_was(world: World) -> None:
    logs = world.command()
    say(logs.stdout.path, b"one\n")
    world.look()
    world.tail.leave(KEY)
    world.tail.follow(KEY, logs)
    say(logs.stdout.path, b"two\n")
    assert [(piece["offset"], piece["data"]) for piece in world.look()] == [(4, b"two\n")]


def test_a_server_that_is_away_gets_it_later(world: World) -> None:
    logs = world.command()
    say(logs.stdout.path, b"one")
    world.fake.away = True
    assert world.look() == []
    say(logs.stdout.path, b"two")
    world.fake.away = False
    assert [piece["data"] for piece in world.look()] == [b"onetwo"]


@pytest.mark.parametrize("answer", [refused("the body must be a JSON list of reports"), refused("unknown", 404)])
def test_a_server_that_does_not_know_it_is_left_alone(world: World, answer: Any) -> None:
    logs = world.command()
    say(logs.stdout.path, b"one")
    world.fake.script("log", answer)
    world.look()
    assert world.look() == []
    world.clock.advance(REFUSED)
    assert [piece["data"] for asked in world.fake.of("log")[1:] for piece in pieces(asked.body)] == [b"one"]


def test_what_a_full_server_does_not_take_is_sent_again(world: World) -> None:
    logs = world.command()
    say(logs.stdout.path, b"one")
    world.fake.script("log", judged((507, "there is too little free disk space for this file")))
    world.look()
    assert [piece["data"] for piece in world.look()] == [b"one"]


def test_a_run_that_is_not_ours_any_more_is_left(world: World) -> None:
    logs = world.command()
    say(logs.stdout.path, b"one")
    world.fake.script("log", judged((409, "is over")))
    world.look()
    say(logs.stdout.path, b"two")
    assert world.look() == []


def test_of_much_only_so_much_is_sent_at_a_time_and_in_the_end_the_newest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "BEHIND", 4 * PIECE)
    logs = world.command()
    say(logs.stdout.path, b"x" * 3 * PIECE)
    assert [(piece["offset"], len(piece["data"])) for piece in world.look()] == [(0, PIECE)]
    say(logs.stdout.path, b"y" * 3 * PIECE)
    (piece,) = world.look()
    assert (piece["offset"], piece["data"]) == (5 * PIECE, b"y" * PIECE)
    assert world.look() == []


def test_many_commands_share_a_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "AT_ONCE", 100)
    for number in range(10):
        say(world.command(Key(f"j_0_{number}", 1)).stdout.path, b"x" * 50)
    assert [len(piece["data"]) for piece in world.look()] == [10] * 10
