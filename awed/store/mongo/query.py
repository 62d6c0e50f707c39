"""Job queries as MongoDB's.

Paths and values come from users and must not become operators: values are always texts, numbers or booleans, and no
name in a path begins with a dollar.
"""

from collections.abc import Sequence

from awed.model.errors import Invalid
from awed.model.states import JobState
from awed.store.document import TIMES, distinct, folded, names, read, sortable
from awed.store.interface import JobQuery, TaskSum
from awed.store.mongo.database import Database, Document
from awed.store.mongo.documents import RECORDS, field
from awed.store.readers import seen_by

_LAST = "\U0010ffff"
"""The highest character: it sorts after all others."""

_ORDERED = frozenset(
    ["id", "state", "info.priority"]
    + [f"info.{name}" for name in ("name", "xref", "service", "project", "user", "pipeline", "clientgroups")]
)
"""Paths at which every job has a single text or number, so that MongoDB's own order is the right one."""


MOST_FOUND = 200_000
"""Jobs that can be named in a filter, which like any document ends at 16 MB."""

AT_ONCE = 10_000
"""Jobs in whose tasks values are looked for at a time."""


async def page(database: Database, query: JobQuery) -> tuple[list[str], int]:
    """The ids of a page's jobs in order, and how many jobs match in all."""
    where = await _matching(database, query)
    pipeline = [{"$match": where}, *_ordered(query), *_cut(query), {"$project": {"_id": 1}}]
    found = await database.aggregate("jobs", pipeline)
    return [document["_id"] for document in found], await database.count("jobs", where)


async def sizes(database: Database, job_ids: Sequence[str]) -> dict[str, int]:
    """About how many bytes the records of these jobs have, without the tasks."""
    size = {"$multiply": [{"$strLenBytes": "$doc"}, "$pieces"]}
    found = await database.aggregate(
        "jobs", [{"$match": {"_id": {"$in": list(job_ids)}}}, {"$project": {"size": size}}]
    )
    return {document["_id"]: document["size"] for document in found}


async def sums(database: Database, job_ids: Sequence[str]) -> dict[str, TaskSum]:
    """See :meth:`IStore.sums`."""
    where = {**RECORDS, "job": {"$in": list(job_ids)}}
    total = {"_id": "$job", "number": {"$sum": 1}, "computetime": {"$sum": "$" + _place(["computetime"])}}
    found = await database.aggregate("tasks", [{"$match": where}, {"$group": total}])
    return {one["_id"]: TaskSum(one["number"], one["computetime"]) for one in found}


async def counts(database: Database, reader: str | None, top: bool) -> dict[JobState, int]:
    """See :meth:`IStore.counts`."""
    where = _where(JobQuery(reader=reader, top=top))
    groups = await database.aggregate("jobs", [{"$match": where}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}])
    return {JobState(group["_id"]): group["n"] for group in groups}


async def values(database: Database, path: str, query: JobQuery) -> list[object]:
    """The distinct values at *path* of the jobs that match *query*."""
    parts = names(path)
    if parts is None or parts == ["tasks"]:
        return []
    where = await _matching(database, query)
    if parts[0] != "tasks":
        return distinct(await database.distinct("jobs", _place(parts), where))
    jobs, found = await database.keys("jobs", where), list[object]()
    for start in range(0, len(jobs), AT_ONCE):
        some = {"job": {"$in": jobs[start : start + AT_ONCE]}}
        found += distinct(await database.distinct("tasks", _place(parts[1:]), some))
    return distinct(found)


async def _matching(database: Database, query: JobQuery) -> Document:
    """The filter for the jobs that match *query*."""
    where = _where(query)
    more = [await _has(database, path, texts) for path, texts in query.fields.items()]
    more += map(_in_name, query.words)
    if query.ids is not None:
        more.append({"_id": {"$in": list(query.ids)}})
    return where | {"$and": more} if more else where


def _where(query: JobQuery) -> Document:
    """The filter for the conditions of *query* other than ``fields``."""
    where: Document = {**RECORDS, "readers": {"$in": seen_by(query.reader)}}
    if query.states:
        where["state"] = {"$in": [state.value for state in query.states]}
    if query.top:
        where[_place(["info", "parent"])] = None  # that is what a missing field equals
    if query.owner:
        where["owner"] = query.owner
    if query.id_prefix:
        where["_id"] = {"$gte": query.id_prefix, "$lt": query.id_prefix + _LAST}
    if query.span:
        since, until = map(sortable, query.span)
        within = {"$gte": since, "$lt": until}
        where["$or"] = [{"times.submittime": within}, {"times.completedtime": within}]
    return where


async def _has(database: Database, path: str, texts: Sequence[str]) -> Document:
    """The filter for jobs with a value at *path* that one of *texts* stands for.

    For a path of tasks, the ids of these jobs are read from the tasks first.
    """
    parts = names(path)
    if parts is None or parts == ["tasks"]:
        return {"_id": {"$in": []}}
    if parts[0] != "tasks":
        return {_place(parts): {"$in": _meant(texts)}}
    where = {_place(parts[1:]): {"$in": _meant(texts)}}
    found = await database.aggregate("tasks", [{"$match": where}, {"$group": {"_id": "$job"}}])
    if len(found) > MOST_FOUND:
        raise Invalid(f"{path} has these values in more than {MOST_FOUND} jobs: that cannot be searched here")
    return {"_id": {"$in": [document["_id"] for document in found]}}


def _in_name(word: str) -> Document:
    """The filter for jobs in whose name *word* occurs, whatever the case of its ASCII letters.

    (A regular expression could have no NUL, and not be as long as a word may be.)
    """
    name = {"$toLower": "$" + _place(["info", "name"])}
    return {"$expr": {"$gte": [{"$indexOfBytes": [name, {"$literal": folded(word)}]}, 0]}}


def _meant(texts: Sequence[str]) -> list[object]:
    """All values that *texts* stand for. MongoDB tells texts, numbers and booleans apart, but not 3 from 3.0."""
    readings = [read(text) for text in texts]
    others = [value for reading in readings for value in (reading.number, reading.boolean) if value is not None]
    return [*(text for reading in readings for text in reading.texts), *others]


def _place(parts: Sequence[str]) -> str:
    return ".".join(["find", *map(field, parts)])


def _ordered(query: JobQuery) -> list[Document]:
    """The stages that sort: jobs without a value come first, then numbers, then texts; equal ones by their ids."""
    direction = -1 if query.descending else 1
    if query.order in TIMES:
        return [{"$sort": {f"times.{query.order.rpartition('.')[2]}": direction, "_id": direction}}]
    parts = names(query.order)
    if parts is None or parts[0] == "tasks":
        return [{"$sort": {"_id": direction}}]
    if query.order in _ORDERED:
        return [{"$sort": {_place(parts): direction, "_id": direction}}]
    return [{"$addFields": {"key": _key("$" + _place(parts))}}, {"$sort": {"key": direction, "_id": direction}}]


def _key(value: str) -> Document:
    """The expression by which jobs are ordered if *value* may be anything: booleans count as 0 and 1, lists and
    objects as no value."""
    single = {"$in": [{"$type": value}, ["string", "int", "long", "double"]]}
    number = {"$cond": [{"$eq": [value, True]}, 1, {"$cond": [{"$eq": [value, False]}, 0, None]}]}
    return {"$cond": [single, value, number]}


def _cut(query: JobQuery) -> list[Document]:
    limit: list[Document] = [{"$limit": query.limit}] if query.limit else []
    return [{"$skip": query.offset}, *limit]
