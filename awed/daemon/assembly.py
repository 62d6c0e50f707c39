"""Makes the parts of the daemon as the configuration says, and joins them."""

import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from twisted.web.http import Request

from awed.api.assembly import RESOURCES, make_root
from awed.api.context import NO_LIMIT, About, Context, Permissions
from awed.api.hosts import OwnHosts
from awed.api.reading import Reading
from awed.api.root import PAGE
from awed.config import Config
from awed.daemon.callers import Callers
from awed.daemon.debug import Debug
from awed.daemon.listening import only_local
from awed.metrics.exposition import Exposition
from awed.metrics.measures import Measures, ReactorDelay
from awed.model.access import Account, GroupRecord
from awed.model.addresses import address
from awed.model.events import Event
from awed.model.job import OWN_HOST
from awed.model.node import NodeRecord
from awed.nodes.addresses import LETTERS, Addresses
from awed.nodes.fetching import Fetch, fetcher
from awed.nodes.files import NodeFiles
from awed.nodes.own import OwnShock
from awed.nodes.records import NodeRecords
from awed.nodes.store import NodeStore
from awed.scheduler.core import TICK
from awed.scheduler.quotas import Quota
from awed.scheduler.shares import Most
from awed.scheduler.state import Limits
from awed.service.engine import Engine
from awed.service.feed import Keep
from awed.service.files import Access, ShockFor
from awed.service.groups import Groups
from awed.service.hooks import Hooks
from awed.service.livelogs import LiveLogs
from awed.service.logfiles import EventJournal, Journal, event_lines
from awed.service.observer import Observers
from awed.service.once import PERIOD
from awed.service.shell import Shell
from awed.shock.client import ShockClient
from awed.shock.http import DataHttp
from awed.store.interface import IStore
from awed.tx.http import Reach, bounded_http_client, http_client, origin_of, require_within
from awed.tx.longwork import LongWork
from awed.tx.posts import post
from awed.tx.threads import InThread, in_threads_of
from awed.tx.timers import Rounds
from awed.ui.assembly import UiResource
from awed.web.access_log import access_line
from awed.web.body import Bodies, requests_with
from awed.web.form import Spool
from awed.web.forwarded import Proxies
from awed.web.request import ShortRequest
from awed.web.site import ApiSite
from awed.web.uploads import Uploads
from awed.wes.resource import GA4GH
from awed.workflow.reader import DocumentLimits

_log = Logger()

JOURNALS = 1.0
"""Seconds between two writes to the event log and the access log, so that one switch of threads is for many lines."""


HOOK_LIMIT = 10.0
"""Seconds for the receiver of a hook to answer."""

AGING = 60.0
"""Seconds between two searches for events that are too old."""


class Parts:
    """All parts of the daemon, joined to each other. They do nothing until :meth:`start`.

    *store* must be open. *now*: the wall clock.
    """

    def __init__(
        self, config: Config, admin_token: str, store: IStore, reactor: Any, now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._store = store
        self._reactor = reactor
        self._now = now
        self._in_thread: InThread = in_threads_of(reactor)
        self._proxies = Proxies(config.security.trusted_proxies)
        hosts = frozenset(map(origin_of, config.security.data_hosts))
        self._reach = Reach(hosts, loopback=only_local(config))
        limits = config.limits
        self._files = NodeFiles(Path(config.directories.data), limits.min_free_space, limits.max_upload)
        self._long_threads = ThreadPool(0, limits.long_work, "long work")
        in_long_threads = in_threads_of(reactor, self._long_threads)
        long = LongWork(in_long_threads, limits.long_work, limits.long_work_per_user, reactor.seconds)
        self._tidying: Deferred[None] = succeed(None)
        self._measures = Measures()
        self._delay = ReactorDelay(self._measures.delay.observe, reactor)
        self._debug = Debug(config.args.debuglevel, self._level_changed)
        logs = Path(config.directories.logs)
        self._events = Journal(logs / "event.log", self._in_thread)
        self._access = Journal(logs / "access.log", self._in_thread)
        self.engine = self._engine()
        self.groups = Groups(
            self.engine.commit,
            now,
            partial(secrets.token_hex, 32),
            self.engine.clients.set_group,
            most=limits.user_groups or None,
            anybodys=config.anonymous.write,
        )
        self.callers = Callers(
            config,
            admin_token,
            store=store,
            groups=self.groups,
            user_of=self.engine.jobs.user_of,
            runner_of=self.engine.jobs.runner_of,
            commit=self.engine.commit,
            now=now,
            reactor=reactor,
        )
        self.hooks = self._hooks()
        records = NodeRecords(self._node, self.engine.commit, partial(store.page, NodeRecord))
        self.nodes = NodeStore(
            self._files, records, in_thread=self._in_thread, long=long, now=now, fetch=self._fetch()
        )
        self.addresses = Addresses(self._files, self.nodes, self._in_thread, now, _new_secret)

    def _node(self, node_id: str) -> Awaitable[NodeRecord | None]:
        return self._store.one(NodeRecord, id=node_id)

    def _engine(self) -> Engine:
        server, most = self._config.server, self._config.limits
        limits = Limits(
            max_work_failure=server.max_work_failure,
            retry_memory=server.retry_memory,
            retry_lost=server.retry_lost,
            max_client_failure=server.max_client_failure,
            heartbeat=server.heartbeat_limit,
            keep_jobs=server.global_expire,
            keep_pipelines=server.pipeline_expire,
            quota=Quota(most.user_jobs or None, most.user_tasks or None, most.user_bytes or None),
            anybodys=self._config.anonymous.write,
            user_out=Most(most.user_work_out or math.inf, most.user_cores_out or math.inf),
            group_out=Most(most.group_work_out or math.inf, most.group_cores_out or math.inf),
            fair_share=server.fair_share,
        )
        shell = Shell(
            store=self._store,
            shock_for=self._shock_for(),
            limits=limits,
            reactor=self._reactor,
            now=self._now,
            soon=self._soon,
            observer=Observers([EventJournal(self._events), self._measures, self._debug]),
            data_hosts=self._config.security.data_hosts,
            live_logs=LiveLogs(
                Path(self._config.directories.data) / "livelogs",
                most.log_spool,
                self._in_thread,
                self._reactor,
                min_free=most.min_free_space,
            ),
            in_thread=self._in_thread,
            keep=Keep(server.events_keep, server.events_max),
        )
        return Engine(shell)

    def _soon(self, function: Callable[[], None]) -> None:
        """Call *function* once the reactor has read all waiting input, which it does between two delayed calls."""
        self._reactor.callLater(0, self._reactor.callLater, 0, function)

    def _level_changed(self, level: int) -> None:
        self._events.write(event_lines([Event("DL", self._now(), text=f"debug level {level}")]))

    def rounds(self) -> list[Rounds]:
        """The work that is repeated at intervals, to be started."""
        minutes = self._config.server.expire_wait
        return [
            Rounds(self.engine.tick, TICK, self._reactor),
            Rounds(self.engine.sweeps.remove_expired, minutes * 60, self._reactor),
            Rounds(self.engine.once.forget, PERIOD.total_seconds(), self._reactor),
            Rounds(self.nodes.remove_expired, minutes * 60, self._reactor),
            Rounds(self.addresses.remove_expired, minutes * 60, self._reactor),
            Rounds(self.engine.events.age, AGING, self._reactor),
            Rounds(self.callers.sessions.remove_expired, minutes * 60, self._reactor),
            Rounds(self._events.flush, JOURNALS, self._reactor),
            Rounds(self._access.flush, JOURNALS, self._reactor),
        ]

    def _shock_for(self) -> ShockFor:
        client = bounded_http_client(self._reactor, self._reach)
        to_known, to_others = (DataHttp(client, self._reactor, self._in_thread, quotes) for quotes in (True, False))

        def shock_for(host: str, access: Access) -> OwnShock | ShockClient:
            if host == OWN_HOST:
                return OwnShock(self.nodes, access.owner)
            http = to_known if self._reach.loopback or self._reach.names(host) else to_others
            return ShockClient(http, host, access.token.at(host))

        return shock_for

    def _hooks(self) -> Hooks:
        reach = None if self._config.security.fetch_inside else Reach()
        client = http_client(self._reactor) if reach is None else bounded_http_client(self._reactor, reach)

        async def send(url: str, body: bytes, headers: Mapping[str, str]) -> int:
            return await post(client, url, body, headers, HOOK_LIMIT)

        return Hooks(
            store=self._store,
            commit=self.engine.commit,
            events=self.engine.events,
            group_acl=self.groups.acl,
            user=self.callers.user,
            post=send,
            check=lambda url: require_within(self._reactor, reach, address(url).host),
            clock=self._reactor,
            now=self._now,
        )

    def _fetch(self) -> Fetch | None:
        security, limits = self._config.security, self._config.limits
        if not security.fetch_urls:
            return None
        client = http_client(self._reactor) if security.fetch_inside else bounded_http_client(self._reactor, Reach())
        http = DataHttp(client, self._reactor, self._in_thread, quotes=False)
        return fetcher(http, limits.max_upload, limits.min_free_space)

    async def start(self) -> None:
        """Load what is stored and begin. The node store comes first, as the engine may need it at once."""
        self._events.write(event_lines([Event("SS", self._now())]))
        self._long_threads.start()
        await self.nodes.recover(await self._store.ids(NodeRecord))
        accounts = await self._store.all(Account)
        admins = {account.name for account in accounts if account.admin} | set(self._config.admin.users)
        self.groups.restore(await self._store.all(GroupRecord), admins)
        await self.engine.start()
        await self.hooks.start()
        self._tidying = Deferred.fromCoroutine(self._tidy())
        self._delay.start()

    async def _tidy(self) -> None:
        """Tidy up the node store, beside requests, as that may take long."""
        try:
            await self.nodes.tidy()
        except CancelledError:
            return
        except Exception:
            _log.failure("Tidying up the node store failed; the next start tries again")

    async def stop(self) -> None:
        """Stop all parts. What was changed is written to the store, if it answers."""
        self._delay.stop()
        self._tidying.cancel()
        await self.nodes.close()
        self.hooks.stop()
        await self.engine.stop()
        await self._in_thread(self._long_threads.stop)
        await self._events.close()
        await self._access.close()

    def use(self, config: Config) -> None:
        """Apply those settings of a configuration that may change while the daemon runs."""
        self._debug.set_level(config.args.debuglevel)
        self.callers.use(config)

    def site(self) -> ApiSite:
        """The site that serves the API."""
        metrics = Exposition(
            engine=self.engine,
            groups=self.groups,
            nodes=self.nodes,
            measures=self._measures,
            place=self._files.nodes,
            in_thread=self._in_thread,
            seconds=self._reactor.seconds,
        )
        config = self._config
        context = Context(
            engine=self.engine,
            groups=self.groups,
            hooks=self.hooks,
            authenticators=self.callers.anyone,
            file_users=self.callers.of_files,
            sessions=self.callers.sessions,
            nodes=self.nodes,
            addresses=self.addresses,
            hosts=OwnHosts(
                config.external.api_url,
                self._proxies,
                allowed_origins=config.security.allowed_origins,
                only_local=only_local(config),
            ),
            in_thread=self._in_thread,
            reading=Reading(self._in_thread),
            turns=self.engine.turns,
            now=self._now,
            job_token=self.callers.job_token,
            run_token=self.callers.run_token,
            debug=self._debug,
            metrics=metrics.page,
            metrics_for=metrics_for(config),
            collections={**RESOURCES, PAGE: UiResource, **GA4GH},
            about=_about(config),
            client_auth_required=config.auth.client_auth_required,
            document_limits=DocumentLimits(
                config.limits.max_tasks, config.limits.max_dependencies, config.limits.max_values
            ),
            max_upload=config.limits.max_upload or NO_LIMIT,
            max_log=config.limits.max_log,
        )
        root = make_root(context)
        spool = Spool(self._files.temporary, self._in_thread, config.limits.min_free_space)
        uploads = Uploads(
            root.user_of, self._proxies.peer, config.limits.user_uploads, config.limits.anonymous_uploads
        )
        requests = requests_with(Bodies(spool, config.limits.max_document, uploads), root.traits)
        return ApiSite(root, requests, self._reactor, self._answered)

    def _answered(self, request: Request) -> None:
        assert isinstance(request, ShortRequest)
        self._measures.answered(request)
        self._debug.answered(request)
        self._access.write([access_line(request, self._proxies.peer(request), self._now())])


def _new_secret() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(20))


def metrics_for(config: Config) -> str:
    """Who may read ``/metrics``: ``public``, ``token`` or ``admin``."""
    is_public = only_local(config) and config.anonymous.read
    return config.security.metrics or ("public" if is_public else "token")


def _about(config: Config) -> About:
    auth = config.auth
    named = {"globus": auth.globus_profile_url, "mgrast": auth.mgrast_oauth_url, **auth.userinfo_urls}
    anonymous = config.anonymous
    return About(
        title=config.server.title,
        contact=config.admin.email,
        auth=[word for word, url in named.items() if url],
        anonymous=Permissions(anonymous.read, anonymous.write, anonymous.delete),
        storage=list(config.tes.storage),
    )
