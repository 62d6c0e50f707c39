"""The query string of ``GET /job``."""

from datetime import UTC, datetime

import pytest

from awed.api.job import JobResource
from awed.api.job_query import FIELD, JobList
from awed.model.access import User
from awed.model.errors import Invalid
from awed.model.states import JobState
from awed.store.interface import JobQuery
from awed.web.arguments import arguments_of
from awed.web.params import parse_query

ANN = User("ann")


def query(text: str, user: User = ANN) -> JobQuery:
    found = arguments_of(JobResource.index).values(parse_query(text.encode()))
    asked: JobList = found["asked"]
    return asked.query_for(user, found["fields"])


def test_the_newest_25_of_the_reader() -> None:
    assert query("") == JobQuery(reader="ann", order="updatetime", descending=True, limit=25, offset=0)


def test_an_admin_reads_all() -> None:
    assert query("", User("root", admin=True)).reader is None


def test_page_and_order() -> None:
    found = query("limit=0&offset=30&order=info.submittime&direction=asc")
    assert (found.limit, found.offset, found.order, found.descending) == (0, 30, "info.submittime", False)


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("active", {JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS}),
        ("suspend", {JobState.SUSPEND}),
        ("registered", {JobState.INIT, JobState.QUEUED, JobState.IN_PROGRESS, JobState.SUSPEND}),
        ("query", set()),
    ],
)
def test_jobs_that_the_scheduler_holds(text: str, states: set[JobState]) -> None:
    assert set(query(text).states) == states


def test_with_query_every_other_parameter_is_a_field() -> None:
    found = query("query&state=completed,deleted&info.project=P1&info.project=P2&limit=3&userattr=x&verbosity=full")
    assert found.fields == {"state": ["completed", "deleted"], "info.project": ["P1", "P2"]}


def test_an_id_may_be_cut_short() -> None:
    assert query("id_prefix=12ab") == JobQuery(reader="ann", id_prefix="12ab")


def test_jobs_by_owner_and_name() -> None:
    assert query("owner=bob&words=soil+run") == JobQuery(reader="ann", owner="bob", words=("soil", "run"))
    assert query("owner=bob&mine").owner == "ann"


def test_without_query_parameters_are_no_fields() -> None:
    assert query("state=completed").fields == {}


def test_dates() -> None:
    found = query("query&date_start=2006-01-02&date_end=2006-01-02T15:04:05%2B02:00")
    assert found.since == datetime(2006, 1, 2, tzinfo=UTC)
    assert found.until == datetime(2006, 1, 2, 13, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2006-13-01", "2006-01-02T15:04:05", "20060102", "0001-01-01T00:00:00%2B23:00"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Invalid, match="Invalid datetime format: "):
        query(f"date_start={text}")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("limit=-1", "limit must be a non-negative integer, found: -1"),
        ("offset=x", "offset must be a non-negative integer, found: x"),
        ("direction=up", "direction must be one of asc, desc, found: up"),
        ("order=a'b", "not the name of a job's field: a'b"),
        ("query&a..b=1", "not the name of a job's field: a..b"),
        ("query&=1", "not the name of a job's field: "),
    ],
)
def test_faults(text: str, fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        query(text)
    assert caught.value.texts == [fault]


def test_distinct_fields() -> None:
    assert FIELD.read("distinct", ["userattr.submission"]) == "userattr.submission"
    with pytest.raises(Invalid, match="unable to run distinct query on non-indexed info field: x"):
        FIELD.read("distinct", ["x"])
