"""What a document becomes: full ids, everything at its start, files with places."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from awed.model.errors import TooLarge
from awed.model.job import IO, NO_NODE, OWN_HOST, Job, PartInfo
from awed.model.states import JobState, TaskState
from awed.model.times import NO_TIME
from awed.workflow.advice import read_advised
from awed.workflow.locations import named_hosts, token_hosts
from awed.workflow.reader import DocumentLimits, read_submission
from tests.unit.workflow.documents import JOB_ID, NODE, NOW, OWN, document, job, submission, task

URL = "http://data.example/in.txt"
SHOCK = "http://shock.example:7445"


def only_input(**fields: object) -> IO:
    [io] = job(task(inputs=[{"filename": "in.txt", **fields}])).tasks[0].inputs
    return io


def only_output(shockhost: object = None, **fields: object) -> IO:
    [io] = job(task(outputs=[{"filename": "out.txt", **fields}]), shockhost=shockhost).tasks[0].outputs
    return io


def test_a_document_has_so_many_tasks_and_dependencies_and_no_more() -> None:
    body = msgspec.json.encode(document(task("0"), task("1", dependsOn=["0"]), task("2", dependsOn=["0", "1"])))
    assert read_submission(body, now=NOW, new_id=lambda: JOB_ID, limits=DocumentLimits(3, 3)).size == len(body)
    for limits, text in (
        (DocumentLimits(2, 3), "a job document may have 2 tasks at this server, this one has 3"),
        (DocumentLimits(3, 2), "a job document may have 2 entries of dependsOn at this server, this one has 3"),
    ):
        with pytest.raises(TooLarge, match=text):
            read_submission(body, now=NOW, new_id=lambda: JOB_ID, limits=limits)


@pytest.mark.parametrize("many", ['"dependsOn": [%s"0"]', '"inputs": [%s{}]', '"userattr": {"x": [%s[]]}'])
@pytest.mark.parametrize("read", [read_submission, partial(read_advised, checks=True)])
def test_a_document_of_too_many_values_is_refused_before_they_take_memory(read: Any, many: str) -> None:
    value = many.partition("%s")[2].removesuffix("}").removesuffix("]")
    body = ('{"tasks": [{"taskid": "0", "cmd": {"name": "a"}, %s}]}' % (many % (f"{value}," * 1_000_000))).encode()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="about 1000 values at this server"):
            read(body, now=NOW, new_id=lambda: JOB_ID, limits=DocumentLimits(1000, 1000, 1000))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_both_forms_of_files_in_one_document() -> None:
    files = job(
        task(
            "0",
            inputs={"a": {"url": URL}, "b": {"url": URL, "filename": "ignored"}},
            outputs=[{"filename": "c"}],
            predata={"db": {"url": URL}},
        ),
        task("1", inputs=[{"filename": "c", "origin": "0"}], outputs={"d": {}}),
    ).tasks
    assert [io.filename for io in files[0].inputs] == ["a", "b"]
    assert [io.filename for io in files[0].predata] == ["db"]
    assert [io.filename for io in files[1].inputs + files[1].outputs] == ["c", "d"]


def test_what_a_server_keeps_count_of_is_ignored() -> None:
    """Also where it could not even be read."""
    done: dict[str, Any] = {
        "state": "completed",
        "remainwork": 0,
        "computetime": "3",
        "completeddate": 7,
        "jobid": "x",
    }
    info = {"submittime": "never", "completedtime": "2015-03-04T05:06:07Z", "auth": True}
    sent = {"state": 5, "resumed": "x", "notes": "n", "error": "e", "remaintasks": 0, "registered": False}
    read = job(task(totalwork=3, **done), info=info, **sent)
    assert (read.state, read.registered, read.remaintasks, read.resumed) == (JobState.INIT, True, 1, 0)
    assert (read.notes, read.error, read.updatetime) == ("", None, NOW)
    assert (read.info.submittime, read.info.completedtime, read.info.auth) == (NOW, NO_TIME, False)
    [first] = read.tasks
    assert (first.state, first.remainwork, first.computetime, first.completeddate) == (TaskState.INIT, 3, 0, NO_TIME)
    assert first.jobid == JOB_ID


def test_unknown_keys_are_ignored_everywhere() -> None:
    known = task(inputs=[{"filename": "a", "url": URL}])
    strange = task(inputs=[{"filename": "a", "url": URL, "x": 1}], x=[None])
    strange["cmd"]["x"] = {"y": None}
    assert job(strange, x=None, info={"x": {}}) == job(known)


def test_null_stands_for_nothing_everywhere() -> None:
    """Programs written in Go send it for empty lists and maps."""
    cmd = {"name": "app", "args_array": None, "environ": {"public": None, "private": None}, "cmd_script": None}
    file = {"filename": "a", "url": URL, "nodeattr": None, "formoptions": None, "origin": None}
    nulls = task(cmd=cmd, dependsOn=None, userattr=None, inputs=[file], outputs=None, predata=None, partinfo=None)
    plain = task(inputs=[{"filename": "a", "url": URL}])
    assert job(nulls, id=None, info=None, shockhost=None) == job(plain)


def test_null_within_attributes_stays() -> None:
    assert job(task(userattr={"k": None}, outputs=None)).tasks[0].userattr == {"k": None}


@pytest.mark.parametrize(("sent", "read"), [(-5, 1), (0, 1), (1, 1), (7, 7), (1_000_000, 1_000_000)])
def test_totalwork_is_at_least_one(sent: int, read: int) -> None:
    [first] = job(task(totalwork=sent)).tasks
    assert (first.totalwork, first.remainwork) == (read, read)


@pytest.mark.parametrize(("sent", "read"), [(-5, 1), (0, 1), (3, 3)])
def test_priority_is_at_least_one(sent: int, read: int) -> None:
    assert job(info={"priority": sent}).info.priority == read


@pytest.mark.parametrize(
    "sent",
    ["2027-01-01T12:00:00Z", "2027-01-01T12:00:00.000000999Z", "2027-01-01T14:00:00+02:00", "2027-01-01T12:00:00"],
)
def test_start_at_is_utc(sent: str) -> None:
    moment = job(info={"start_at": sent}).info.start_at
    assert moment.utcoffset() == timedelta(0)
    assert moment.replace(microsecond=0) == datetime(2027, 1, 1, 12, tzinfo=UTC)


def test_ids_in_full() -> None:
    read = job(task("0"), task("b", dependsOn=["0", "0"]))
    assert [one.taskid for one in read.tasks] == [f"{JOB_ID}_0", f"{JOB_ID}_b"]
    assert read.tasks[1].depends_on == [f"{JOB_ID}_0"]


def test_ids_that_are_sent_in_full() -> None:
    sent = "46a1209f-1a05-4272-9d2e-028ffd4cf553"
    read = job(
        task(f"{sent}_0", outputs=[{"filename": "a"}]),
        task(f"{sent}_1", dependsOn=[f"{sent}_0"], inputs=[{"filename": "a", "origin": f"{sent}_0"}]),
        id=sent,
    )
    assert [one.taskid for one in read.tasks] == [f"{sent}_0", f"{sent}_1"]
    assert read.tasks[1].depends_on == [f"{sent}_0"]
    assert read.tasks[1].inputs[0].origin == "0"


def test_an_origin_is_a_dependency_and_has_no_node_yet() -> None:
    old = {"filename": "a", "origin": "0", "host": SHOCK + "/", "node": NODE, "url": f"{SHOCK}/node/{NODE}?download"}
    read = job(task("0", outputs=[{"filename": "a"}]), task("1", inputs=[old])).tasks[1]
    assert read.depends_on == [f"{JOB_ID}_0"]
    assert (read.inputs[0].host, read.inputs[0].node, read.inputs[0].url) == (SHOCK, NO_NODE, "")


def test_a_later_task_may_come_first() -> None:
    first = job(task("b", dependsOn=["a"]), task("a")).tasks[0]
    assert first.depends_on == [f"{JOB_ID}_a"]


def test_host_and_node_make_the_url() -> None:
    io = only_input(host=SHOCK + "//", node=NODE)
    assert (io.host, io.node, io.url) == (SHOCK, NODE, f"{SHOCK}/node/{NODE}?download")


def test_a_download_url_makes_host_and_node() -> None:
    io = only_input(url=f"{SHOCK}/node/{NODE}?download", node="-")
    assert (io.host, io.node, io.url) == (SHOCK, NODE, f"{SHOCK}/node/{NODE}?download")


def test_passwords_of_urls_are_apart() -> None:
    url = "http://ann:geheim@h.example/x"
    found = submission(document(task(inputs={"a": {"url": url}}, predata={"b": {"url": url}, "c": {"url": URL}})))
    [only] = found.job.tasks
    assert [io.url for io in (*only.inputs, *only.predata)] == ["http://ann@h.example/x"] * 2 + [URL]
    assert found.passwords == {only.taskid: {"http://ann@h.example/x": "geheim"}}
    assert b"geheim" not in msgspec.json.encode(found.job)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{SHOCK}/node/{NODE}?download&index=line&part=1",
        "HTTPS://u@h.example:1?q#f",
        "http://[::1]:7/x",
        "http://a_b/x",
    ],
)
def test_any_other_url_stays(url: str) -> None:
    io = only_input(url=url)
    assert (io.host, io.node, io.url) == ("", NO_NODE, url)


@pytest.mark.parametrize("host", [OWN, OWN + "/", OWN.upper().replace("HTTP", "http"), OWN_HOST])
def test_the_daemons_own_addresses(host: str) -> None:
    """They differ for those who ask, so the model holds none of them."""
    by_node = only_input(host=host, node=NODE)
    assert (by_node.host, by_node.node, by_node.url) == (OWN_HOST, NODE, "")


def test_the_daemons_own_download_url() -> None:
    io = only_input(url=f"{OWN}/node/{NODE}?download")
    assert (io.host, io.node, io.url) == (OWN_HOST, NODE, "")


def test_outputs_go_to_the_jobs_shock() -> None:
    assert only_output(shockhost=SHOCK + "/").host == SHOCK
    assert only_output(shockhost=SHOCK, host="http://other.example").host == "http://other.example"


def test_outputs_go_to_the_daemon_if_nothing_is_said() -> None:
    read = job(task(outputs=[{"filename": "a"}]))
    assert (read.shockhost, read.tasks[0].outputs[0].host) == (OWN_HOST, OWN_HOST)


def test_shockhost_stays_as_sent_if_no_file_needs_it() -> None:
    assert job().shockhost == ""
    assert job(task(outputs=[{"filename": "a", "host": SHOCK}])).shockhost == ""
    assert job(shockhost=SHOCK + "/").shockhost == SHOCK
    assert job(shockhost=OWN).shockhost == OWN_HOST


def test_outputs_of_an_earlier_run_are_forgotten() -> None:
    io = only_output(host=SHOCK, node=NODE, url=f"{SHOCK}/node/{NODE}?download")
    assert (io.node, io.url) == (NO_NODE, "")


@pytest.mark.parametrize("kind", ["copy", "subset", "update"])
def test_outputs_about_a_node_keep_it(kind: str) -> None:
    io = only_output(type=kind, host=SHOCK, node=NODE)
    assert (io.node, io.url) == (NODE, f"{SHOCK}/node/{NODE}?download")


def test_an_output_about_a_node_without_host_is_at_the_jobs_shock() -> None:
    assert only_output(shockhost=SHOCK, type="update", node=NODE).url == f"{SHOCK}/node/{NODE}?download"
    assert only_output(type="update", node=NODE).host == OWN_HOST
    assert only_output(type="update", node=NODE, url=URL).host == OWN_HOST


def test_an_output_about_a_node_may_name_it_by_url() -> None:
    read = job(task(outputs=[{"filename": "a", "type": "copy", "url": f"{SHOCK}/node/{NODE}?download"}]))
    [io] = read.tasks[0].outputs
    assert (io.host, io.node, read.shockhost) == (SHOCK, NODE, "")


def test_an_output_goes_to_a_url_of_its_own_or_to_a_node() -> None:
    for url in (URL, "s3://bucket/key", "file:///data/a", "s3://bucket/dir/"):
        io = only_output(url=url)
        assert (io.host, io.node, io.url, io.is_elsewhere) == ("", NO_NODE, url, True)
    for sent in ({"type": "copy"}, {"host": SHOCK}):
        io = only_output(url=URL, **sent)
        assert (io.node, io.url, io.is_elsewhere) == (NO_NODE, "", False)


def test_an_update_may_be_of_an_input_or_of_another_tasks_output() -> None:
    read = job(
        task("0", outputs=[{"filename": "a"}]),
        task("1", inputs=[{"filename": "b", "url": URL}], outputs=[{"filename": "b", "type": "update"}]),
        task("2", outputs=[{"filename": "a", "type": "update", "origin": "0"}]),
    )
    assert read.tasks[2].depends_on == [f"{JOB_ID}_0"]


def test_private_variables_are_not_in_the_job() -> None:
    cmd = {"name": "app", "environ": {"public": {"P": "1"}, "private": {"SECRET": "hidden"}}}
    read = submission(document(task("0", cmd=cmd), task("1")))
    assert read.private_env == {f"{JOB_ID}_0": {"SECRET": "hidden"}}
    assert [one.cmd.has_private_env for one in read.job.tasks] == [True, False]
    assert read.job.tasks[0].cmd.environ.public == {"P": "1"}
    assert b"hidden" not in msgspec.json.encode(read.job)


def test_a_walltime_is_kept_and_shown_if_there_is_one() -> None:
    tasks = job(task("0", walltime=3600), task("1"), task("2", walltime=None)).tasks
    assert [one.walltime for one in tasks] == [3600, UNSET, UNSET]
    assert [b"walltime" in msgspec.json.encode(one) for one in tasks] == [True, False, False]


def test_partinfo_and_optional_are_kept() -> None:
    part = {"input": "in.txt", "index": "line", "maxpartsize_mb": 5}
    [first] = job(task(inputs=[{"filename": "in.txt", "url": URL, "optional": True}], partinfo=part)).tasks
    assert first.partinfo == PartInfo("in.txt", "line", 5)
    assert first.inputs[0].is_optional


def test_paths_below_the_directory_are_fine() -> None:
    [first] = job(task(outputs=[{"filename": r"a\..\b/c..d/...", "directory": "x/y/"}, {"filename": "d"}])).tasks
    assert first.outputs[0].directory == "x/y"


def test_any_text_that_means_nothing_to_awed_is_kept() -> None:
    info = {"clientgroups": "a, b/ü", "name": "\N{GRINNING FACE}\n", "userattr": {"a": [1, {"b": 2.5}, None]}}
    read = job(task(clientgroups="*", cmd={"name": "app", "args": "@nothing ${X"}), info=info).info
    assert (read.clientgroups, read.name, read.userattr) == (info["clientgroups"], info["name"], info["userattr"])


def test_the_last_of_two_equal_keys_counts() -> None:
    body = b'{"tasks": [5], "tasks": [{"taskid": "0", "cmd": {"name": "a", "name": "b"}}]}'
    assert read_submission(body, now=NOW, new_id=lambda: JOB_ID).job.tasks[0].cmd.name == "b"


def test_round_trip_through_json() -> None:
    read = job(task(outputs=[{"filename": "a", "nodeattr": {"k": 2**63 - 1}}]), info={"priority": 3})
    assert msgspec.json.decode(msgspec.json.encode(read), type=Job) == read


@pytest.mark.parametrize(
    ("shockhost", "inputs", "hosts"),
    [
        (SHOCK, [], [SHOCK]),
        (SHOCK, ["http://evil.example"], [SHOCK]),
        (None, [], []),
        (None, [OWN], []),
        (None, [SHOCK], [SHOCK]),
        (None, [SHOCK, OWN], [SHOCK]),
        (None, [SHOCK, "http://evil.example"], []),
    ],
)
def test_a_data_token_is_for_one_host(shockhost: str | None, inputs: list[str], hosts: list[str]) -> None:
    files = [{"filename": str(number), "host": host, "node": NODE} for number, host in enumerate(inputs)]
    submitted = job(task(inputs=files), shockhost=shockhost)
    assert token_hosts(submitted, named_hosts(submitted.tasks)) == hosts


def test_what_is_needed_is_kept_as_it_was_sent_and_shown_where_it_was() -> None:
    sent = {"cores": 0.5, "memory": "8G", "licence": 1}
    read = job(task("0", resources=sent), task("1"), info={"resources": {"gpus": 1}})
    assert [one.resources for one in read.tasks] == [sent, UNSET]
    assert read.info.resources == {"gpus": 1}
