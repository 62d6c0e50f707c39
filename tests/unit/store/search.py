"""Job queries in plain Python, over whole jobs. The queries of the databases must have the same results."""

from collections.abc import Iterator
from typing import Any

import msgspec

from awed.model.access import PUBLIC, Acl
from awed.model.job import Job
from awed.store.document import FILE_LISTS, TIMES, Reading, folded, names, read
from awed.store.interface import JobQuery


class Found:
    """A job that is searched: its document and its ACL."""

    def __init__(self, job: Job, acl: Acl) -> None:
        self.job = job
        self._acl = acl
        self._document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(job))

    def matches(self, query: JobQuery) -> bool:
        """Whether all conditions of *query* hold."""
        info, span = self.job.info, query.span
        return (
            (not query.states or self.job.state in query.states)
            and query.owner in ("", self._acl.owner)
            and not (query.top and info.parent)
            and self.job.id.startswith(query.id_prefix)
            and (query.ids is None or self.job.id in query.ids)
            and all(folded(word) in folded(info.name) for word in query.words)
            and self.readable(query.reader)
            and (span is None or any(span[0] <= time < span[1] for time in (info.submittime, info.completedtime)))
            and all(self._has(path, [read(text) for text in texts]) for path, texts in query.fields.items())
        )

    def readable(self, reader: str | None) -> bool:
        """Whether the user *reader* may read the job; None may read all."""
        return reader is None or reader == self._acl.owner or not {reader, PUBLIC}.isdisjoint(self._acl.read)

    def place(self, path: str) -> tuple[int, Any, str]:
        """The sort key for the order by *path*: jobs without a value come first, then numbers, then texts."""
        parts = names(path)
        leaf = _follow(self._document, parts) if parts else None
        if isinstance(leaf, str):
            return 2, leaf.rstrip("Z") if path in TIMES else leaf, self.job.id
        return (1, leaf, self.job.id) if isinstance(leaf, int | float) else (0, 0, self.job.id)

    def leaves(self, path: str) -> Iterator[object]:
        """The values at *path* of the document; of a list, its elements."""
        parts = names(path)
        if parts is None:
            return
        for root, rest in self._roots(parts):
            leaf = _follow(root, rest)
            yield from leaf if isinstance(leaf, list) else [leaf]

    def _roots(self, parts: list[str]) -> Iterator[tuple[Any, list[str]]]:
        """The objects at which a path begins (the job, its tasks, or their files), each with the rest of the path."""
        if parts[0] != "tasks":
            yield self._document, parts
            return
        for task in self._document["tasks"]:
            if len(parts) > 2 and parts[1] in FILE_LISTS:
                yield from ((file, parts[2:]) for file in task[parts[1]])
            else:
                yield task, parts[1:]

    def _has(self, path: str, readings: list[Reading]) -> bool:
        return any(_is(leaf, reading) for leaf in self.leaves(path) for reading in readings)


def _follow(value: Any, parts: list[str]) -> Any:
    for part in parts:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _is(leaf: object, reading: Reading) -> bool:
    if isinstance(leaf, bool):
        return leaf is reading.boolean
    if isinstance(leaf, int | float):
        return leaf == reading.number
    return leaf in reading.texts
