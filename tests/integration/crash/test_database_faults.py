"""Every fault between the daemon and its database, while clients submit and work: nothing acknowledged is lost."""

import random
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.threads import deferToThread

from tests.integration.crash.actors import Ledger, Submitter, Worker
from tests.integration.crash.play import conclude
from tests.integration.crash.server import Server
from tests.integration.mongodb import HASTY, database, mongodb
from tests.integration.relay import FAULTS, Relay

pytestmark = pytest.mark.slow

__all__ = ["mongodb"]

FAULT_LASTS = 0.7
"""Seconds."""


def play_with_faults(folder: Path, uri: str) -> Ledger:
    """All faults at random moments; then the faults are over and everything is driven to its end."""
    parts = urlsplit(uri)
    assert parts.port is not None
    relay, ledger, up = Relay(parts.port), Ledger(), threading.Event()
    chance = random.Random()
    server = Server(folder, f"mongodb://127.0.0.1:{relay.port}{parts.path}", HASTY)
    server.start()
    submitters = [Submitter(server, ledger, up, chance.randrange(1 << 30))]
    workers = [Worker(server, ledger, up, chance.randrange(1 << 30)) for _ in range(3)]
    for actor in [*submitters, *workers]:
        actor.start()
    up.set()
    for fault in FAULTS:
        time.sleep(chance.uniform(0.2, 0.8))
        with fault(relay):
            time.sleep(FAULT_LASTS)
    conclude(server, ledger, submitters, workers)
    relay.close()
    return ledger


@pytest.mark.timeout(240)
@ensureDeferred
async def test_faults_of_the_way_to_the_database_lose_nothing(tmp_path: Path, mongodb: str) -> None:
    ledger = await deferToThread(play_with_faults, tmp_path, database(mongodb))
    assert ledger.faults == []
    assert ledger.numbers["results acknowledged"] > 10
