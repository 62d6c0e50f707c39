"""The parts of a worker, put together."""

import os
import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IPolicyForHTTPS

from awed.model.work import Workunit
from awed.shock.client import ShockClient
from awed.shock.http import http_client
from awed.threads import in_threads_of
from awed.worker.cache import Cache
from awed.worker.condition import Condition
from awed.worker.files import FileMover
from awed.worker.janitor import Janitor
from awed.worker.journal import Journal
from awed.worker.lifetime import Lifetime
from awed.worker.logs import LogFiles
from awed.worker.outage import Outage
from awed.worker.outbox import Outbox
from awed.worker.prefetch import Prefetch
from awed.worker.process import start
from awed.worker.profile import Introduction
from awed.worker.report import Finished
from awed.worker.runner import Equipment, Runner
from awed.worker.server import ServerClient
from awed.worker.workdir import Workdir
from awed.worker.worker import Worker

IDLE_CONNECTION = 30
"""Seconds for which a connection to the server is kept: less than a server keeps it, lest we use a closed one."""


@dataclass(frozen=True)
class Settings:
    """What the command line says. *keep_failed* is in hours, the other times in seconds; *ca* says whose certificates
    count. *prefetch*: workunits in hand for each slot, None for as many as are begun soon.
    """

    server: str
    workdir: Path
    name: str
    group: str
    apps: tuple[str, ...]
    slots: int
    prefetch: int | None
    authorization: str
    ca: IPolicyForHTTPS
    keep_failed: float
    walltime: int | None
    idle_timeout: float | None
    heartbeat: float


def assemble(reactor: Any, settings: Settings, workdir: Workdir, client: str) -> tuple[Worker, Janitor]:
    """The two services that make up a worker."""
    in_thread = in_threads_of(reactor)
    outage = Outage(reactor, random.random)
    server = ServerClient(
        _agent(reactor, settings),
        reactor,
        url=settings.server,
        client=client,
        authorization=settings.authorization,
        answered=outage.over,
    )
    changed = Condition()
    data_http = http_client(reactor, settings.ca)
    janitor = Janitor(workdir, reactor, in_thread, settings.keep_failed * 3600)
    equipment = Equipment(
        server=server,
        outage=outage,
        files=FileMover(
            partial(ShockClient, data_http, reactor, in_thread), Cache(workdir.cache, in_thread), in_thread
        ),
        workdir=workdir,
        janitor=janitor,
        logs=LogFiles(workdir.logs, janitor.remove),
        start=partial(start, reactor),
        clock=reactor,
        inherited=os.environ,
    )

    async def run(work: Workunit) -> Finished:
        return await Runner(work, equipment).run()

    worker = Worker(
        introduction=Introduction(client, settings.name, settings.group, settings.apps, settings.slots),
        server=server,
        outage=outage,
        outbox=Outbox(Journal(workdir.reports), server, outage, delivered=changed.notify),
        changed=changed,
        run=run,
        prefetch=Prefetch(settings.prefetch),
        available=workdir.available,
        lifetime=Lifetime(reactor, settings.walltime, settings.idle_timeout),
        clock=reactor,
        heartbeat=settings.heartbeat,
    )
    return worker, janitor


def _agent(reactor: Any, settings: Settings) -> Agent:
    """Requests are not repeated unseen: a checkout that is asked for twice would be handed out twice."""
    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = settings.slots + 2
    pool.cachedConnectionTimeout = IDLE_CONNECTION
    pool.retryAutomatically = False
    return Agent(reactor, settings.ca, connectTimeout=10.0, pool=pool)
