"""Ids may be cut short as long as they fit one job alone."""

import click
import pytest

from awed.cli.lookup import find_job
from awed.client.blocking import Server
from tests.unit.cli.fake import JOB_ID, FakeServer


def query(prefix: str) -> str:
    return f"GET /job?id_prefix={prefix}&verbosity=minimal&limit=5"


def test_a_whole_id_is_not_asked_for(server: FakeServer) -> None:
    assert find_job(Server(server.url), JOB_ID) == JOB_ID
    assert server.requests == []


def test_the_only_job_that_begins_so(server: FakeServer) -> None:
    server.on(query("128"), [{"id": JOB_ID, "name": "lambda"}])
    assert find_job(Server(server.url), "128") == JOB_ID


def test_no_job_begins_so(server: FakeServer) -> None:
    server.on(query("ff"), [])
    with pytest.raises(click.UsageError, match="no job has an id that begins with ff"):
        find_job(Server(server.url), "ff")


def test_several_jobs_begin_so_and_are_named(server: FakeServer) -> None:
    server.on(query("12"), [{"id": "12-a", "name": "one"}, {"id": "12-b", "name": "two"}])
    with pytest.raises(click.UsageError, match="2 jobs have an id that begins with 12:\n  12-a  one\n  12-b  two"):
        find_job(Server(server.url), "12")


def test_a_server_that_does_not_know_prefixes_shows_its_newest_job_which_is_not_taken(server: FakeServer) -> None:
    server.on(query("ff"), [{"id": JOB_ID}])
    with pytest.raises(click.UsageError, match="whole ids only"):
        find_job(Server(server.url), "ff")


@pytest.mark.parametrize("text", ["", "lambda", "../queue", "12*"])
def test_what_can_be_no_id(server: FakeServer, text: str) -> None:
    with pytest.raises(click.UsageError, match="no job id"):
        find_job(Server(server.url), text)
