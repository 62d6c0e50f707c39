"""Downloads from URLs into the node store, for users, where the configuration allows that."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from awed.model.errors import TooLarge
from awed.nodes.files import Written
from awed.shock.http import Call, DataHttp, shown
from awed.tx.files import check_space

Fetch = Callable[[str, Path], Awaitable[Written]]
"""Downloads an HTTP or HTTPS URL to a path. After an error there is no file."""


def fetcher(http: DataHttp, limit: int, min_free: int) -> Fetch:
    """A :data:`Fetch` for files of up to *limit* bytes (0: no limit) that leaves *min_free* bytes of the disk free.

    It raises :class:`~awed.model.errors.TooLarge`, :class:`~awed.model.errors.NoSpace`, and what
    :meth:`DataHttp.fetch` raises.
    """

    async def fetch(url: str, path: Path) -> Written:
        def admit(size: int, more: int) -> None:
            if limit and size > limit:
                raise TooLarge(f"the file at {shown(url)} has more than {limit} bytes")
            check_space(path.parent, more, min_free)

        arrival = await http.fetch(Call(f"get {shown(url)}", "GET", url), path, admit=admit)
        return Written(arrival.size, arrival.md5)

    return fetch
