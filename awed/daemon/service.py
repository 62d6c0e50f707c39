"""The service that ``twistd awe`` runs, and the steps in which it starts."""

import os
import secrets
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import cast

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from awed import __version__
from awed.config import Config, ConfigError, Reading
from awed.daemon.assembly import Parts
from awed.daemon.background import Foreground
from awed.daemon.datadir import DataDir, StartError
from awed.daemon.lifecycle import end_badly, end_well_on_sigterm, tune
from awed.daemon.listening import Listener, listen, listeners, url
from awed.daemon.log import Daemon, open_log
from awed.daemon.notify import Notifier, Watchdog, watchdog_interval
from awed.daemon.options import Options
from awed.daemon.reload import Reloader, Source, need_restart, on_hangup
from awed.model.errors import AwedError
from awed.model.times import now
from awed.store.interface import IStore
from awed.store.open import open_store, without_password
from awed.tx.threads import in_threads_of, look_names_up_apart
from awed.tx.timers import Rounds, use_waking_time

log = Logger()


def makeService(options: Options) -> IService:
    """The daemon as a service. Raises :class:`SystemExit` for invalid endpoint strings."""
    use_waking_time(reactor)
    look_names_up_apart(reactor)
    try:
        places = listeners(options.reading.config, reactor)
    except ConfigError as error:
        raise SystemExit(f"twistd awe: {error}") from None
    end_well_on_sigterm(reactor)
    tune()
    foreground = None if options.parent is None else Foreground(options.parent)
    daemon = Daemon(reactor, partial(_start, options, places, foreground), partial(_cannot_start, foreground))
    daemon.foreground = foreground
    if options.parent is not None:
        daemon.log = open_log(options.reading.config.args.log_format, options.parent, cast(IReactorThreads, reactor))
    return daemon


def _cannot_start(foreground: Foreground | None, error: Exception) -> None:
    if isinstance(error, StartError | OSError | AwedError):
        log.critical("Cannot start: {error}", error=error)
        fault = str(error)
    else:
        log.failure("Cannot start")
        fault = "cannot start because of a fault of its own: see the log"
    if foreground is not None:
        foreground.tell(fault)
    end_badly(reactor, fault)


async def _start(
    options: Options, places: list[Listener], foreground: Foreground | None, stack: AsyncExitStack
) -> None:
    """Start the daemon. What undoes each step is put on *stack*."""
    config = options.reading.config
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET", ""))
    notifier.tell(status="Taking in what is unfinished")
    data = DataDir(Path(config.directories.data), Path(config.directories.logs))
    stack.enter_context(data.held(now()))
    admin_token = data.admin_token(_new_token)
    _report(options.reading)
    data.check_store(config.server.store)
    store = await _opened_store(config.server.store)
    stack.push_async_callback(store.close)
    data.note_store(config.server.store)
    parts = Parts(config, admin_token, store, reactor, now)
    await parts.start()
    stack.push_async_callback(parts.stop)
    for rounds in [*parts.rounds(), *_signs_of_life(notifier, parts)]:
        rounds.start()
        stack.push_async_callback(rounds.stop)
    urls = await _listen(places, parts, config, stack)
    stack.callback(parts.engine.turn_away)
    threads = in_threads_of(cast(IReactorThreads, reactor))
    reloader = Reloader(_sources(options, data, parts, places), notifier, threads)
    stack.enter_context(on_hangup(cast(IReactorThreads, reactor), reloader.begin))
    data.announce(urls)
    for found in urls:
        log.info("Listening on {url}", url=found)
    notifier.tell(ready=1, status=f"Listening on {', '.join(urls)}")
    if foreground is not None:
        foreground.tell()
    stack.callback(notifier.tell, stopping=1, status="Stopping")


async def _listen(places: list[Listener], parts: Parts, config: Config, stack: AsyncExitStack) -> list[str]:
    """Listen on all *places*. Returns their URLs."""
    site = parts.site()
    urls = []
    for place in places:
        port = await listen(place, site, config)
        stack.push_async_callback(maybeDeferred, port.stopListening)
        urls.append(url(place, port.getHost()))
    return urls


def _signs_of_life(notifier: Notifier, parts: Parts) -> list[Rounds]:
    """The rounds that send signs of life to the service manager, if it expects any."""
    interval = watchdog_interval(os.environ, os.getpid())
    return [Rounds(Watchdog(notifier, parts.engine.lives).beat, interval, reactor)] if interval else []


def _sources(options: Options, data: DataDir, parts: Parts, places: list[Listener]) -> list[Source]:
    """What is reloaded at SIGHUP: the administrator's token, the configuration file, and certificates."""
    token = partial(data.admin_token, _new_token)
    sources = [Source("administrator's token", token, parts.callers.use_admin_token)]
    if options["config"]:
        sources.append(Source(f"configuration {options['config']}", options.read, partial(_use, options, parts)))
    certificates = [place.certificate for place in places if place.certificate]
    return [*sources, *(Source(f"certificate {one}", one.load, one.use) for one in certificates)]


def _use(options: Options, parts: Parts, reading: Reading) -> None:
    """Apply the settings that may change while the daemon runs, and log which changed ones need a restart."""
    parts.use(reading.config)
    for warning in reading.warnings:
        log.warn("{warning}", warning=warning)
    late = need_restart(options.reading.config, reading.config)
    if late:
        log.warn("These have changed and count after a restart: {settings}", settings=", ".join(late))


async def _opened_store(uri: str) -> IStore:
    try:
        store = open_store(uri, cast(IReactorThreads, reactor), on_lost=_superseded)
        await store.open()
    except ValueError as error:
        raise StartError(f"cannot open the store: {error}") from error
    return store


def _superseded() -> None:
    reason = "another awed has taken the database over, so this one ends; all that was acknowledged is there"
    log.critical("{reason}", reason=reason)
    end_badly(reactor, reason)


def _new_token() -> str:
    return secrets.token_hex(32)


def _report(reading: Reading) -> None:
    """Log where things are, and warnings about the configuration."""
    config = reading.config
    log.info(
        "awed {version}, data in {data}, jobs in {store}",
        version=__version__,
        data=config.directories.data,
        store=without_password(config.server.store),
    )
    for warning in reading.warnings:
        log.warn("{warning}", warning=warning)
    if reading.ignored:
        log.info("Settings of the original that mean nothing here: {settings}", settings=", ".join(reading.ignored))
