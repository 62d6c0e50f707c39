"""Jobs by id, which may be cut short as long as it fits one job alone, by name, and the last one."""

import click
import pytest

from awed.cli.lookup import find_job
from awed.client.blocking import Server
from tests.unit.cli.fake import JOB_ID, FakeServer


def query(prefix: str) -> str:
    return f"GET /job?id_prefix={prefix}&limit=5&verbosity=minimal"


def named(name: str) -> str:
    return f"GET /job?query&info.name={name}&limit=5&verbosity=minimal"


def test_a_whole_id_is_not_asked_for(server: FakeServer) -> None:
    assert find_job(Server(server.url), JOB_ID) == JOB_ID
    assert server.requests == []


def test_the_only_job_that_begins_so(server: FakeServer) -> None:
    server.on(query("128"), [{"id": JOB_ID, "name": "lambda"}])
    assert find_job(Server(server.url), "128") == JOB_ID


@pytest.mark.parametrize("name", ["lambda%2B1", "cafe"])
def test_a_job_by_its_name(server: FakeServer, name: str) -> None:
    server.on(query(name), [])
    server.on(named(name), [{"id": JOB_ID}])
    assert find_job(Server(server.url), name.replace("%2B", "+")) == JOB_ID


def test_several_jobs_of_one_name_are_told(server: FakeServer) -> None:
    server.on(named("lambda"), [{"id": "12-a", "name": "lambda"}, {"id": "13-b", "name": "lambda"}])
    with pytest.raises(click.UsageError, match="2 jobs are called lambda:\n  12-a  lambda\n  13-b  lambda"):
        find_job(Server(server.url), "lambda")


@pytest.mark.parametrize(("text", "asked"), [("ff", "ff"), ("nobody", "nobody"), ("../queue", "..%2Fqueue")])
def test_what_fits_no_job(server: FakeServer, text: str, asked: str) -> None:
    server.on(query(asked), [])
    server.on(named(asked), [])
    with pytest.raises(click.UsageError, match=f"no job has the name '{text}' or an id that begins so"):
        find_job(Server(server.url), text)


def test_several_jobs_begin_so_and_are_named(server: FakeServer) -> None:
    server.on(query("12"), [{"id": "12-a", "name": "one"}, {"id": "12-b", "name": "two\x1b"}])
    with pytest.raises(click.UsageError, match="2 jobs have an id that begins with 12:\n  12-a  one\n  12-b  two"):
        find_job(Server(server.url), "12")


def test_a_server_that_does_not_know_prefixes_shows_its_newest_job_which_is_not_taken(server: FakeServer) -> None:
    server.on(query("ff"), [{"id": JOB_ID}])
    with pytest.raises(click.UsageError, match="whole ids only"):
        find_job(Server(server.url), "ff")


def test_the_last_job_where_there_is_none(server: FakeServer) -> None:
    server.on("GET /job?mine&top&order=info.submittime&limit=1&verbosity=minimal", [])
    with pytest.raises(click.UsageError, match="you have submitted no job yet"):
        find_job(Server(server.url), "last")
