"""The assembly: every part of the daemon is made and joined to the others here, and nowhere else."""

import secrets
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from awed import __version__
from awed.config import ConfigError, Reading
from awed.daemon.datadir import DataDir, StartError
from awed.daemon.exit import end_badly, end_well_on_sigterm
from awed.daemon.lifecycle import SteppedService
from awed.daemon.listening import Listener, listen, listeners, url
from awed.daemon.options import Options
from awed.daemon.parts import Parts
from awed.daemon.tuning import tune
from awed.model.errors import AwedError
from awed.store.interface import IStore
from awed.store.open import open_store, without_password

log = Logger()


def makeService(options: Options) -> IService:
    """The daemon as a service. A configuration that makes no sense ends the program at once."""
    try:
        places = listeners(options.reading.config, reactor)
    except ConfigError as error:
        raise SystemExit(f"twistd awe: {error}") from None
    end_well_on_sigterm(reactor)
    tune()
    return SteppedService(reactor, partial(_start, options.reading, places), _cannot_start)


def _cannot_start(error: Exception) -> None:
    if isinstance(error, StartError | OSError | AwedError):
        log.critical("Cannot start: {error}", error=error)
        end_badly(reactor, str(error))
    else:
        log.failure("Cannot start")
        end_badly(reactor, "cannot start because of a fault of its own: see the log")


async def _start(reading: Reading, places: list[Listener], stack: AsyncExitStack) -> None:
    """Take every step from nothing to listening; *stack* undoes them in reverse."""
    config = reading.config
    data = DataDir(Path(config.directories.data), Path(config.directories.logs))
    stack.enter_context(data.held(_now()))
    admin_token = data.admin_token(partial(secrets.token_hex, 32))
    _report(reading)
    store = await _opened_store(config.server.store)
    stack.push_async_callback(store.close)
    parts = Parts(config, store, reactor, _now)
    await parts.start()
    stack.push_async_callback(parts.stop)
    for rounds in parts.rounds():
        rounds.start()
        stack.push_async_callback(rounds.stop)
    site = parts.site(admin_token)
    urls = []
    for place in places:
        port = await listen(place, site, config)
        stack.push_async_callback(maybeDeferred, port.stopListening)
        urls.append(url(place, port.getHost()))
    data.announce(urls)
    for found in urls:
        log.info("Listening on {url}", url=found)


async def _opened_store(uri: str) -> IStore:
    try:
        store = open_store(uri, cast(IReactorThreads, reactor))
        await store.open()
    except ValueError as error:
        raise StartError(f"cannot open the store: {error}") from error
    return store


def _now() -> datetime:
    return datetime.now(UTC)


def _report(reading: Reading) -> None:
    """Tell where things are, and what is strange in the configuration."""
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
