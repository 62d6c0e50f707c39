"""A store from its URI."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from twisted.internet.interfaces import IReactorThreads

from awed.config.settings import Mongodb
from awed.store.interface import IStore
from awed.store.mongo import MongoStore
from awed.store.sqlite import SqliteStore

NO_MONGODB = Mongodb()


def default_uri(data: str | Path, mongodb: Mongodb = NO_MONGODB) -> str:
    """The store of a daemon with the data directory *data*, unless another is chosen: MongoDB, if there are hosts of
    it."""
    if not mongodb.hosts:
        return f"sqlite:{data}/awed.sqlite"
    user = f"{quote(mongodb.user, safe='')}:{quote(mongodb.password, safe='')}@" if mongodb.user else ""
    options = f"?{mongodb.options}" if mongodb.options else ""
    return f"mongodb://{user}{','.join(mongodb.hosts)}/{mongodb.database}{options}"


def open_store(
    uri: str, reactor: IReactorThreads, shared: bool = False, on_lost: Callable[[], None] = lambda: None
) -> IStore:
    """The store that *uri* names, still to be opened: ``sqlite:PATH`` or ``mongodb://HOST/DATABASE``. Raises
    :class:`ValueError` for any other.

    *shared*: a daemon may have it in use; then only what no daemon holds in memory may be written, as accounts.
    *on_lost* is called once when another daemon has taken it over, which a file's lock does not allow.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "sqlite" and rest:
        return SqliteStore(Path(rest), reactor, shared)
    if scheme == "mongodb":
        return MongoStore(uri, reactor, shared, on_lost)
    raise ValueError(f"a store is sqlite:PATH or mongodb://HOST/DATABASE, not {without_password(uri)}")


def without_password(uri: str) -> str:
    """*uri* as it may be shown."""
    return re.sub(r"://[^/@]*@", "://", uri)
