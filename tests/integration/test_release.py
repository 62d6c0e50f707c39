"""The packages work as an administrator installs and runs them: by the command lines of the units, over TLS."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_twisted
import treq
from prometheus_client.parser import text_string_to_metric_families
from treq.client import HTTPClient
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import DeferredQueue, maybeDeferred
from twisted.internet.interfaces import IReactorTime, IReactorUNIXDatagram
from twisted.internet.protocol import DatagramProtocol
from twisted.internet.ssl import trustRootFromCertificates
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS

from awed.model.ids import is_uuid
from awed.tx.pem import certificates
from tests.certificates import Authority
from tests.integration.daemon import Stage
from tests.integration.installing import Environment
from tests.integration.jobs import from_task, job, shell
from tests.integration.program import PATIENCE, Program
from tests.units import PROGRAMS, command

pytestmark = pytest.mark.slow

reactor = cast(IReactorTime, global_reactor)

MEETING = "touch {0}/{1}; until [ -e {0}/{2} ]; do sleep 0.02; done; echo {1} > {1}"
"""Ends when another command of its kind runs beside it."""


class ServiceManager(DatagramProtocol):
    """Hears what a service tells systemd."""

    def __init__(self) -> None:
        self._told: DeferredQueue[str] = DeferredQueue()

    def datagramReceived(self, datagram: bytes, address: object) -> None:
        self._told.put(datagram.decode())

    async def hears(self, line: str) -> None:
        """Wait until the service tells this."""
        while line not in (await self._told.get().addTimeout(PATIENCE, reactor)).splitlines():
            pass


@pytest_twisted.async_yield_fixture
async def manager(stage: Stage) -> AsyncIterator[ServiceManager]:
    """Listens in the folder of the test, at ``notify``."""
    manager = ServiceManager()
    network = cast(IReactorUNIXDatagram, global_reactor)
    port = network.listenUNIXDatagram(str(stage.folder / "notify"), manager, 8192, 0o600)
    yield manager
    await maybeDeferred(port.stopListening)


class Installation:
    """awed in an environment of its own in the folder of *stage*: the machine that the units are for."""

    def __init__(self, stage: Stage, wheel: Path, manager: ServiceManager) -> None:
        self.folder = stage.folder
        self._stage = stage
        environment = Environment(self.folder / "opt")
        environment.pip("install", "--no-deps", "--no-index", wheel)
        environment.script("twistd", "from twisted.scripts.twistd import run; run()")
        self.authority = Authority(self.folder)
        self._manager = manager
        self.listen("ssl:0:interface=127.0.0.1")
        self.url = ""
        tls = BrowserLikePolicyForHTTPS(trustRootFromCertificates(certificates(self.authority.file.read_bytes())))
        self._http = HTTPClient(Agent(global_reactor, tls))

    def listen(self, endpoint: str) -> None:
        """Write a configuration that says where to listen."""
        key, file = self.authority.server()
        text = f"[SSL]\nkey={key}\ncert={file}\nminimum=TLSv1.3\n[Ports]\nlisten={endpoint}\n"
        (self.folder / "awed.conf").write_text(text)

    def start(self, command: list[str], **variables: str) -> Program:
        """Start what a unit starts, its paths in our folder."""
        for place, ours in ((PROGRAMS, "opt/bin"), ("/var/lib", ""), ("/etc/awed", "")):
            command = [word.replace(place, str(self.folder / ours)) for word in command]
        return self._stage.start(command, {"PATH": "/usr/bin:/bin", **variables})

    async def daemon(self) -> Program:
        """Start the daemon, and wait until it is ready."""
        program = self.start(command("awed.service"), NOTIFY_SOCKET=f"{self.folder}/notify", WATCHDOG_USEC="200000")
        await self._manager.hears("READY=1")
        self.url = (self.folder / "awed" / "listening").read_text().strip()
        return program

    def worker(self, group: str) -> Program:
        """Start a worker of this group."""
        (self.folder / "awe-worker").mkdir(exist_ok=True)
        words = command("awe-worker@.service", i=group, I=group)
        assert words.pop() == "$AWE_WORKER_OPTIONS"
        return self.start(
            ["/bin/sh", "-c", 'exec "$@" < /dev/null', "sh", *words],
            AWE_SERVER=self.url,
            AWE_CA=str(self.authority.file),
        )

    async def awe(self, *words: str) -> str:
        """What ``awe`` says."""
        program = self.start([f"{PROGRAMS}/awe", *words], AWE_SERVER=self.url, AWE_CA=str(self.authority.file))
        assert await program.ended() == 0, program.output
        return program.output

    async def get(self, url: str) -> bytes:
        """What an address shows: a path, or all of it."""
        response = await self._http.get(url if url.startswith("https:") else self.url + url)
        content = await treq.content(response)
        assert response.code == 200, content
        return content

    async def data(self, path: str) -> Any:
        """The ``data`` of an answer."""
        return json.loads(await self.get(path))["data"]


async def metrics(installation: Installation) -> dict[str, dict[str, float]]:
    """What Prometheus reads of jobs, tasks, workunits and clients, by state."""
    page = (await installation.get("/metrics")).decode()
    families = {family.name: family for family in text_string_to_metric_families(page)}
    return {
        kind: {sample.labels["state"]: sample.value for sample in families[f"awed_{kind}"].samples}
        for kind in ("jobs", "tasks", "workunits", "clients")
    }


@pytest_twisted.ensureDeferred
async def test_an_installed_release_does_its_work_and_loses_nothing(
    stage: Stage, wheel: Path, manager: ServiceManager
) -> None:
    installation = Installation(stage, wheel, manager)
    folder = installation.folder
    daemon = await installation.daemon()
    await manager.hears("WATCHDOG=1")

    workers = [installation.worker(group) for group in ("one", "two")]
    both = [
        shell(MEETING.format(folder, mine, other), outputs=[{"filename": mine}])
        for mine, other in (("a", "b"), ("b", "a"))
    ]
    inputs = [from_task(0, "a"), from_task(1, "b")]
    join = shell("cat a b > ab", inputs=inputs, outputs=[{"filename": "ab"}], after=["0", "1"])
    (folder / "job.json").write_text(json.dumps(job(*both, join)))
    (folder / "later.json").write_text(json.dumps(job(shell("true"), clientgroups="nobody")))
    done = (await installation.awe("submit", "job.json", "--wait")).split()[0]
    (later,) = filter(is_uuid, (await installation.awe("submit", "later.json")).split())  # after a warning

    counts, told = await installation.data("/queue?json"), await metrics(installation)
    for kind, states in told.items():
        assert {"total": sum(states.values()), **states}.items() <= counts[kind].items()
    assert (counts["jobs"]["total"], counts["workunits"]["queuing"], counts["clients"]["total"]) == (1, 1, 2)
    jobs = [await installation.data(f"/job/{one}") for one in (done, later)]
    assert [one["state"] for one in jobs] == ["completed", "queued"]
    [output] = jobs[0]["tasks"][2]["outputs"]
    assert await installation.get(output["url"]) == b"a\nb\n"

    daemon.signal("TERM")
    await manager.hears("STOPPING=1")
    assert await daemon.ended() == 0

    installation.listen(f"ssl:{installation.url.rpartition(':')[2]}:interface=127.0.0.1")
    daemon = await installation.daemon()
    assert [await installation.data(f"/job/{one}") for one in (done, later)] == jobs
    assert await installation.get(output["url"]) == b"a\nb\n"
    for worker in workers:
        worker.signal("TERM")
        assert await worker.ended() == 0
