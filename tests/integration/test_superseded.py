"""A daemon whose MongoDB database another one has taken over ends by itself, and says why."""

from datetime import timedelta
from typing import cast

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorThreads

from awed.store.mongo import MongoStore, lease
from tests.integration.daemon import TWISTD, Daemon, Refused, Stage
from tests.integration.mongodb import database, mongodb

__all__ = ["mongodb"]

pytestmark = pytest.mark.slow

JOB = {"tasks": [{"taskid": "0", "cmd": {"name": "true"}}]}


@pytest.mark.parametrize("renewal", [0.1, 600])
@ensureDeferred
async def test_a_superseded_daemon_ends(
    stage: Stage, mongodb: str, monkeypatch: pytest.MonkeyPatch, renewal: float
) -> None:
    """It hears of it at its next sign of life, or when it writes; what it was asked then is refused."""
    uri = database(mongodb)
    daemon = stage.daemon("--store", uri)
    daemon.twistd = ("-c", f"from awed.store.mongo import lease; lease.RENEWAL = {renewal}; {TWISTD[1]}", *TWISTD[2:])
    await daemon.start()
    monkeypatch.setattr(lease, "LEASE", timedelta(seconds=-1))
    other = MongoStore(uri, cast(IReactorThreads, reactor))
    await other.open()
    if renewal > 1:
        await require_refused(daemon)
    assert await daemon.program.ended() == 1
    assert daemon.program.output.splitlines()[-1] == (
        "awed: another awed has taken the database over, so this one ends; all that was acknowledged is there"
    )
    assert "Traceback" not in daemon.program.output
    await other.check()
    await other.close()


async def require_refused(daemon: Daemon) -> None:
    with pytest.raises(Refused) as refused:
        await daemon.submit(JOB)
    assert refused.value.status == 503
    assert "database: another awed has taken it over" in str(refused.value)
