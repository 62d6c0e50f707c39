"""Makes the parts of a worker and connects them."""

import math
import os
import random
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from twisted.python.threadpool import ThreadPool
from twisted.web.iweb import IPolicyForHTTPS

from awed import __version__
from awed.client.asynchronous import Server, connections
from awed.model.addresses import address
from awed.model.resources import CORES
from awed.model.times import now
from awed.model.work import Workunit
from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from awed.tx.http import http_client
from awed.tx.locks import Condition
from awed.tx.threads import InThread, in_threads_of
from awed.wire.clients import Profile
from awed.worker.account import Account
from awed.worker.arguments import SERVER_VARIABLE
from awed.worker.cache import Cache
from awed.worker.cgroups import groups_of_commands, hierarchies
from awed.worker.containers.choice import Isolation
from awed.worker.containers.interface import Containers
from awed.worker.datahosts import hosts_within, reach_of
from awed.worker.fileroots import FileRoots
from awed.worker.files import FileMover
from awed.worker.guard import Guarding
from awed.worker.janitor import Janitor
from awed.worker.journal import Journal
from awed.worker.lifetime import Lifetime
from awed.worker.logs import LogFiles
from awed.worker.machine import Allotment, Machine, Told
from awed.worker.orphans import Orphans
from awed.worker.outage import Outage
from awed.worker.outbox import Outbox
from awed.worker.process import start
from awed.worker.report import Finished
from awed.worker.runner import Equipment, Runner
from awed.worker.runs import Prefetch
from awed.worker.tail import Tail
from awed.worker.urls import Urls
from awed.worker.workdir import MIN_FREE, Workdir
from awed.worker.worker import Worker

TRANSFERS = 20
"""Threads for files of other hosts and of shared directories, which may hang: nothing else waits for them."""

ENGINE_CALLS = 10
"""Threads for what an engine for containers is asked, likewise."""


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    *keep_failed* is in hours, the other times in seconds. *ca* decides which certificates of servers are valid.
    *told*: what the machine has for commands. *prefetch*: workunits to keep in hand for each core; None for as many
    as can begin soon. *isolation*: from what commands are kept away. *account*: for S3, None for none. *data_hosts*:
    URLs of hosts without a public address, to which this worker connects also for tasks without the network.
    """

    server: str
    workdir: Path
    name: str
    group: str
    apps: tuple[str, ...]
    told: Told
    prefetch: int | None
    authorization: str
    ca: IPolicyForHTTPS
    keep_failed: float
    walltime: int | None
    idle_timeout: float | None
    heartbeat: float
    isolation: Isolation
    account: Account | None
    data_hosts: tuple[str, ...] = ()


def assemble(
    reactor: Any, settings: Settings, workdir: Workdir, *, client: str, machine: Machine, orphans: Orphans
) -> tuple[Worker, Janitor]:
    """The two services that make up a worker. *client*: the worker's id; *workdir* is open."""
    in_thread = in_threads_of(reactor)
    outage = Outage(reactor, random.random)
    http = connections(reactor, address(settings.server), settings.ca)
    server = Server(http, reactor, address(settings.server).uri, settings.authorization, answered=outage.over)
    changed = Condition()
    endpoint = settings.account.endpoint if settings.account else ""
    reach = reach_of(settings.server, endpoint, *settings.data_hosts)
    data_http = DataHttp(http_client(reactor, settings.ca), reactor, in_thread, keep_free=MIN_FREE)
    cache = Cache(workdir.cache, in_thread, workdir.is_low)
    janitor = Janitor(workdir, cache, reactor, in_thread, settings.keep_failed * 3600)
    logs = LogFiles(workdir.logs, janitor.remove)
    containers = settings.isolation.containers(
        partial(start, reactor, orphans=orphans), _apart(reactor, ENGINE_CALLS), reactor, workdir.images
    )
    equipment = Equipment(
        server=server,
        outage=outage,
        files=FileMover(cache, in_thread, janitor.room),
        workdir=workdir,
        janitor=janitor,
        logs=logs,
        tail=Tail(server, client, reactor),
        containers=containers,
        urls=Urls(
            FileRoots(settings.isolation.roots),
            settings.account,
            partial(ShockClient, data_http),
            hosts_within(reactor, reach, settings.ca, in_thread),
            reach,
            _apart(reactor, TRANSFERS),
        ),
        in_thread=in_thread,
        guarding=Guarding(reactor, in_thread, groups_of_commands(hierarchies())),
        clock=reactor,
        now=now,
        inherited={**os.environ, SERVER_VARIABLE: address(settings.server).uri},
    )

    async def run(work: Workunit, allotment: Allotment) -> Finished:
        return await Runner(work, allotment, equipment).run()

    worker = Worker(
        profile=_profile(client, settings, machine, containers),
        server=server,
        outage=outage,
        outbox=Outbox(Journal(workdir.reports), server, client, outage, delivered=changed.notify),
        changed=changed,
        run=run,
        logs=logs,
        machine=machine,
        prefetch=Prefetch(settings.prefetch),
        room=janitor.room,
        lifetime=Lifetime(reactor, settings.walltime, settings.idle_timeout),
        clock=reactor,
        heartbeat=settings.heartbeat,
    )
    return worker, janitor


def _apart(reactor: Any, most: int) -> InThread:
    """Runs functions in threads of their own, *most* at a time."""
    pool = ThreadPool(0, most)
    pool.start()
    reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
    return in_threads_of(reactor, pool)


def _profile(client: str, settings: Settings, machine: Machine, containers: Containers) -> Profile:
    return Profile(
        id=client,
        name=settings.name,
        group=settings.group,
        hostname=socket.gethostname(),
        cores=math.ceil(machine.offers[CORES]),
        apps=list(settings.apps),
        slots=machine.slots,
        images=containers.runs_images,
        executors=containers.runs_images,
        containers=containers.kind,
        version=__version__,
        resources=dict(machine.offers),
    )
