"""The versions of what is stored, and what leads from each to the next, in every store.

A daemon takes over a database of any earlier version when it starts, and refuses one of a later version: what it does
not know it would drop when it writes a record anew. So every change of what is stored is a step here: a kind or a
field that comes, goes or has another meaning, and one more of the words that a field may have.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from awed.model.records import KINDS, Kind


class Step(NamedTuple):
    """What leads from one version to the next. A step that was released never changes.

    *sql*: for SQLite, tables and columns; one statement or more, each of which ends with its line. MongoDB has its
    collections and indexes from the table of kinds.

    *records*: by the kind's name, what changes a record of the version before, as a JSON document, into one of this
    version. It leaves alone what it has changed already, for it may be called again: MongoDB cannot change all
    records at once, and whoever is killed meanwhile begins anew. All records of the kinds that are named are written
    anew, with the columns and fields by which they are found.

    *apart*: by the kind's name, another kind, and what takes out of a record, in place, what is one of the other kind
    from now on; None: there is nothing in it, or no more.
    """

    sql: str = ""
    records: Mapping[str, Callable[[dict[str, Any]], None]] = {}
    apart: Mapping[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any] | None]]] = {}


def _names_submitter(job: dict[str, Any]) -> None:
    job["submitter"] = job.get("submitter") or job["acl"]["owner"]


def _names_made_nodes(task: dict[str, Any]) -> None:
    if task.get("made") is None:
        outputs = task["task"]["outputs"]
        task["made"] = [output["node"] for output in outputs if output["node"] != "-" and output["type"] != "update"]


def _perf_of(report: dict[str, Any]) -> dict[str, Any] | None:
    perf = report.pop("perf", None)
    if perf is None:
        return None
    return {**{name: report[name] for name in ("wuid", "jobid", "taskid", "rank")}, "perf": perf}


STEPS = (
    # 2: In SQLite ids have one name.
    Step(
        """
        ALTER TABLE secrets RENAME COLUMN key TO id;
        ALTER TABLE accounts RENAME COLUMN name TO id;
        """
    ),
    # 3: A job names who submitted it and the size of its document, a task the nodes that were made for it; a client
    # why and until when it is suspended, and whether it runs images; an ACL to whom a thing is offered, a token for
    # which hosts it is.
    Step(records={"jobs": _names_submitter, "tasks": _names_made_nodes}),
    # 4: Nodes that are still to be removed are stored.
    Step("CREATE TABLE deletions (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"),
    # 5: A client group says whether it gets the work that names no group.
    Step(),
    # 6: Performance records are apart from logs.
    Step(
        "CREATE TABLE perfs (job TEXT, task TEXT, rank INTEGER, doc TEXT NOT NULL, PRIMARY KEY (job, task, rank));",
        apart={"reports": ("perfs", _perf_of)},
    ),
)
"""The steps from version 1, which awed 0.1.0 writes. Only ever append."""


def current() -> int:
    """The version that this awed writes."""
    return 1 + len(STEPS)


def since(version: int) -> tuple[Step, ...]:
    """The steps from *version* to this awed's own."""
    return STEPS[version - 1 :]


def require_usable(version: int, shared: bool) -> None:
    """Raises :class:`ValueError` if this awed cannot use a database of *version*: it is of a newer one, or *shared*
    with a daemon, which may be an older one, and would have to be taken over."""
    mine = current()
    if version > mine:
        raise ValueError(f"the database has schema version {version}, of a newer awed; this one knows up to {mine}")
    if version < mine and shared:
        raise ValueError(
            f"the database has schema version {version}, of an older awed; the daemon takes it over when it starts"
        )


def changed_kinds(version: int) -> list[Kind[Any]]:
    """The kinds whose records have to be changed since *version*."""
    return [kind for kind in KINDS if _is_changed(kind.name, version)]


def _is_changed(name: str, version: int) -> bool:
    return any(name in step.records or name in step.apart for step in since(version))


def changed(name: str, texts: Iterable[str], version: int) -> dict[str, list[str]]:
    """What records of the kind *name* and of *version*, as JSON, are now: records by kind, those of *name* last, for
    what was taken out of them must be written before."""
    if not _is_changed(name, version):
        return {name: list(texts)}
    found: dict[str, list[str]] = {}
    for text in texts:
        for kind, record in _become(name, msgspec.json.decode(text), version):
            found.setdefault(kind, []).append(msgspec.json.encode(record).decode())
    last = found.pop(name, [])
    return {**found, name: last}


def _become(name: str, record: dict[str, Any], version: int) -> list[tuple[str, dict[str, Any]]]:
    records = [(name, record)]
    for step in since(version):
        for kind, one in list(records):
            if kind in step.apart:
                other, take = step.apart[kind]
                taken = take(one)
                records += [] if taken is None else [(other, taken)]
            if kind in step.records:
                step.records[kind](one)
    return records
