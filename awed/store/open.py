"""Makes the store that a URI names."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from twisted.internet.interfaces import IReactorThreads

from awed.config.settings import Mongodb
from awed.store.interface import IStore
from awed.store.sqlite import SqliteStore

NO_MONGODB = Mongodb()


def default_uri(data: str | Path, mongodb: Mongodb = NO_MONGODB) -> str:
    """The URI of a daemon's store if none is given: MongoDB if its hosts are configured, else SQLite in *data*."""
    if not mongodb.hosts:
        return f"sqlite:{data}/awed.sqlite"
    user = f"{quote(mongodb.user, safe='')}:{quote(mongodb.password, safe='')}@" if mongodb.user else ""
    options = f"?{mongodb.options}" if mongodb.options else ""
    return f"mongodb://{user}{','.join(mongodb.hosts)}/{mongodb.database}{options}"


def open_store(
    uri: str, reactor: IReactorThreads, shared: bool = False, on_lost: Callable[[], None] = lambda: None
) -> IStore:
    """The store that *uri* names, unopened: ``sqlite:PATH`` or ``mongodb://HOST/DATABASE``.

    *shared*: a daemon may be using the store, so only records that no daemon holds in memory, such as accounts, may
    be written. *on_lost*: called once if another daemon takes the store over, which can happen with MongoDB only.
    Raises :class:`ValueError` for other URIs.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "sqlite" and rest:
        return SqliteStore(Path(rest), reactor, shared)
    if scheme == "mongodb":
        from awed.store.mongo import MongoStore  # noqa: PLC0415 - its drivers take as long as all the rest of a daemon

        return MongoStore(uri, reactor, shared, on_lost)
    raise ValueError(f"a store is sqlite:PATH or mongodb://HOST/DATABASE, not {without_password(uri)}")


def place_of(uri: str) -> str:
    """Where the store that *uri* names is, the same for all URIs of one store: without user, password and options."""
    scheme, _, rest = uri.partition(":")
    return f"sqlite:{Path(rest).absolute()}" if scheme == "sqlite" else without_password(uri).partition("?")[0]


def without_password(uri: str) -> str:
    """*uri* without user and password, also if these are not encoded as they must be."""
    return re.sub(r"://(?:[^/?@]*@(?=[^/?@]*(?:[/?]|$))|.*@)", "://", uri)
