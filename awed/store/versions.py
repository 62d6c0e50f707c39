"""The versions of what is stored, and the steps that convert a database from one to the next.

A daemon that starts converts a database of an earlier version, and refuses one of a later version: fields that it
does not know would be lost when it writes a record. So every change of what is stored is a step here: a kind of
record or a field that is new, is gone or has another meaning, and a new value of a field that has a fixed set of
them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from awed.model.addresses import without_password
from awed.model.records import KINDS, Kind


class Step(NamedTuple):
    """Converts a database from one version to the next. A step that was released never changes.

    *sql*: statements that change tables and columns in SQLite, each of which ends at the end of a line. The
    collections and indexes in MongoDB follow from the table of kinds.

    *records*: by name of kind, a function that converts a record, as a JSON document, in place. It must leave
    converted records as they are: MongoDB cannot convert all records at once, so after a crash it starts again. All
    records of the kinds that are named are written again, with the columns and fields by which they are found.

    *apart*: by name of kind, another kind, and a function that takes out of a record, in place, a record of that
    other kind, which it returns; None if there is none in it, or no longer.
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


def _counts_by_cause(work: dict[str, Any]) -> None:
    if "failures" not in work:
        work["failures"] = {"exit": work["failed"]} if work.get("failed") else {}


def _hides_passwords(task: dict[str, Any]) -> None:
    for name in ("inputs", "outputs", "predata"):
        for file in task["task"].get(name) or ():
            for field in {"url", "host"} & file.keys():
                file[field] = without_password(file[field])[0]


STEPS = (
    # 2: The column of the id is called ``id`` in all tables.
    Step(
        """
        ALTER TABLE secrets RENAME COLUMN key TO id;
        ALTER TABLE accounts RENAME COLUMN name TO id;
        """
    ),
    # 3: New fields: submitter and size of a job; nodes made for a task; suspend_reason, suspended_until and images of
    # a client; offered of an ACL; hosts of a secret.
    Step(records={"jobs": _names_submitter, "tasks": _names_made_nodes}),
    # 4: A new kind: nodes that are to be deleted.
    Step("CREATE TABLE deletions (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"),
    # 5: A new field: opened of a client group.
    Step(),
    # 6: Performance records, a field of reports before, are a kind of their own.
    Step(
        "CREATE TABLE perfs (job TEXT, task TEXT, rank INTEGER, doc TEXT NOT NULL, PRIMARY KEY (job, task, rank));",
        apart={"reports": ("perfs", _perf_of)},
    ),
    # 7: The keys of submissions are stored.
    Step(
        """
        CREATE TABLE submission_keys (id TEXT PRIMARY KEY, period TEXT NOT NULL, doc TEXT NOT NULL);
        CREATE INDEX submission_keys_period ON submission_keys (period);
        """
    ),
    # 8: The feed is stored.
    Step("CREATE TABLE feed (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"),
    # 9: New fields: resources of a job's info and a task; offers and free of a client.
    Step(),
    # 10: A new field: passwords of a secret.
    Step(),
    # 11: Sessions are stored; jobs are found by their owner.
    Step(
        """
        CREATE TABLE sessions (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
        ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
        CREATE INDEX jobs_owner ON jobs (owner);
        """,
        {"jobs": lambda job: None},
    ),
    # 12: A new field: to_redo of a job.
    Step(),
    # 13: Results of finished tasks are stored. New fields: reuse and reused of a task, reusing of its record.
    Step(
        """
        CREATE TABLE results (id TEXT PRIMARY KEY, job TEXT NOT NULL, doc TEXT NOT NULL);
        CREATE INDEX results_job ON results (job);
        """
    ),
    # 14: New fields: attempt, raw and cuts of a report.
    Step(),
    # 15: New fields: tes of a task and a report, executors of a client, cause of a job's error.
    Step(),
    # 16: A new kind: hooks.
    Step("CREATE TABLE hooks (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"),
    # 17: Another type: cpu_cores of a TES task may be a whole number, and is shown as it was sent.
    Step(),
    # 18: A new field: with_job of a hook.
    Step(),
    # 19: A new field: network of a task.
    Step(),
    # 20: New fields: retry and attempts of a task, retry of a job's info; failures by cause,
    # memory, walltime, paused and until of a workunit.
    Step(records={"work": _counts_by_cause}),
    # 21: A new kind: drafts.
    Step("CREATE TABLE drafts (id TEXT PRIMARY KEY, doc TEXT NOT NULL);"),
    # 22: No URL of a file has a password. Workers of awed 0.1.0 could not use those that have one.
    Step(records={"tasks": _hides_passwords}),
    # 23: New fields: containers of a client, image of a retry. A new cause: image.
    Step(),
    # 24: A new field: account of a hook.
    Step(),
    # 25: A new field, by which jobs are found: parent of a job's info.
    Step(
        """
        ALTER TABLE jobs ADD COLUMN parent TEXT;
        CREATE INDEX jobs_parent ON jobs (parent) WHERE parent IS NOT NULL;
        """
    ),
)
"""The steps from version 1, which awed 0.1.0 writes, in order. New ones are appended."""


def current() -> int:
    """The version that this awed writes."""
    return 1 + len(STEPS)


def since(version: int) -> tuple[Step, ...]:
    """The steps from *version* to the current one."""
    return STEPS[version - 1 :]


def require_usable(version: int, shared: bool) -> None:
    """Raises :class:`ValueError` if this awed cannot use a database of *version*.

    That is the case for a later version, and for an earlier one that is *shared* with a daemon: the daemon may be an
    older awed, so the database must not be converted.
    """
    mine = current()
    if version > mine:
        raise ValueError(f"the database has schema version {version}, of a newer awed; this one knows up to {mine}")
    if version < mine and shared:
        raise ValueError(
            f"the database has schema version {version}, of an older awed; the daemon takes it over when it starts"
        )


def changed_kinds(version: int) -> list[Kind[Any]]:
    """The kinds whose records of *version* must be converted."""
    return [kind for kind in KINDS if _is_changed(kind.name, version)]


def _is_changed(name: str, version: int) -> bool:
    return any(name in step.records or name in step.apart for step in since(version))


def changed(name: str, texts: Iterable[str], version: int) -> dict[str, list[str]]:
    """Convert records of the kind *name*, as JSON, from *version* to the current one. Returns records by kind.

    Those of *name* come last: what was taken out of them must be written before they are written without it.
    """
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
