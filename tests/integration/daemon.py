"""A real daemon and its workers, for tests over real sockets."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import treq

from awed.model.ids import new_id
from tests.integration.program import Program

TWISTD = ("-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "awe")

IMPATIENT = (
    "-c",
    f"from awed.service.shell import Shell; Shell.__init__.__kwdefaults__['patience'] = 0.5; {TWISTD[1]}",
    *TWISTD[2:],
)
"""A daemon that does not wait for long until it says that a change is not durable."""


class Stage:
    """The folder of a test and the programs in it, which end with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs: list[Program] = []

    def run(self, *arguments: str) -> Program:
        """Start Python with *arguments*."""
        return self.start([sys.executable, *arguments])

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Program:
        """Start any *command*."""
        program = Program(command, self.folder, environment)
        self._programs.append(program)
        return program

    def daemon(self, *options: str, data: str = "data") -> "Daemon":
        """A daemon that is still to be started."""
        return Daemon(self, self.folder / data, *options)

    async def clear(self) -> None:
        """Kill what still runs."""
        for program in self._programs:
            program.signal("KILL")
            await program.ended()


class Refused(Exception):
    """The daemon did not do what was asked."""

    def __init__(self, status: int, answer: Any) -> None:
        super().__init__(status, answer)
        self.status = status


class Daemon:
    """``twistd awe`` on a data directory. Its port is any free one, and the same again after a restart."""

    twistd: tuple[str, ...] = TWISTD
    """How Python is started."""

    def __init__(self, stage: Stage, data: Path, *options: str) -> None:
        self.stage = stage
        self.data = data
        self.options = options
        self.listen = "tcp:0:interface=127.0.0.1"
        self.url = ""
        self.group = ""
        """The client group of all jobs and workers that are started here, "" for none in particular."""

    def part(self, stage: Stage) -> "Daemon":
        """This daemon as one test sees it: programs end with the test, jobs and workers are of a group of its own."""
        part = copy(self)
        part.stage, part.group = stage, f"group-{new_id()}"
        return part

    def launch(self) -> Program:
        """Start the process and do not wait for it."""
        self.program = self.stage.run(*self.twistd, "--data", str(self.data), "--listen", self.listen, *self.options)
        return self.program

    async def start(self) -> None:
        """Start the process and wait until it listens."""
        self.url = (await self.launch().said(r'Listening on (http[^\s"]+)'))[1]
        self.listen = re.sub(r"^tcp:\d+", f"tcp:{self.url.rpartition(':')[2]}", self.listen)

    async def call(self, method: str, path: str, **parameters: Any) -> Any:
        """A request (with treq's parameters), and the ``data`` of its answer. Raises :class:`Refused`."""
        response = await treq.request(method, self.url + path, persistent=False, **parameters)
        answer = await response.json()
        if response.code != 200:
            raise Refused(response.code, answer)
        return answer["data"]

    async def submit(self, document: dict[str, Any]) -> Any:
        """Submit a job: what is shown of it."""
        if self.group:
            document = {**document, "info": {**document.get("info", {}), "clientgroups": self.group}}
        return await self.call("POST", "/job", files={"upload": ("job.json", json.dumps(document).encode())})

    async def register(self, **profile: Any) -> Any:
        """Register a client: what is shown of it."""
        text = json.dumps({"name": "test", "group": "test", "apps": ["*"], **profile}).encode()
        return await self.call("POST", "/client", files={"profile": ("profile.json", text)})

    async def kill(self) -> None:
        """What a power cut does."""
        self.program.signal("KILL")
        await self.program.ended()

    async def stop(self) -> int:
        """Ask it to end: its exit status."""
        self.program.signal("TERM")
        return await self.program.ended()
