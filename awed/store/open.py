"""A store from its URI."""

from pathlib import Path

from twisted.internet.interfaces import IReactorThreads

from awed.store.interface import IStore
from awed.store.sqlite import SqliteStore


def default_uri(data: str | Path) -> str:
    """The store of a daemon with the data directory *data*, unless another is chosen."""
    return f"sqlite:{data}/awed.sqlite"


def open_store(uri: str, reactor: IReactorThreads) -> IStore:
    """The store that *uri* names, still to be opened: ``sqlite:PATH``. Raises :class:`ValueError` for any other."""
    scheme, _, rest = uri.partition(":")
    if scheme == "sqlite" and rest:
        return SqliteStore(Path(rest), reactor)
    if scheme == "mongodb":
        raise ValueError("MongoDB is not in this version of awed yet; use sqlite:PATH")
    raise ValueError(f"a store is sqlite:PATH, not {uri!r}")
