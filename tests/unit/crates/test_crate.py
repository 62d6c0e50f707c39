"""Crates as values: what the entities of a job are, whatever its state."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.crates.crate import Crate
from awed.crates.runs import command_of, runs_of
from awed.crates.things import Part, image_entity, part_of, workflow_of
from awed.crates.whole import Site
from awed.model.attempts import DONE, Attempt, Cause, Used
from awed.model.job import IO, Cmd, Environ, Info, Job, JobError, Task
from awed.model.node import NodeFile
from awed.model.states import JobState, TaskState
from awed.model.tes import Executor, OutputLog, TesTask
from awed.model.work import PerfRecord
from awed.web.streaming import pieces
from tests.unit.gathered import gathered

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BASE = "http://awe"
SITE = Site(BASE, "The lab", NOW)
COMPLETED, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"


def file(name: str, node: str, **fields: Any) -> IO:
    return IO(name, host=BASE, node=node, size=3, **fields)


def task(name: str, **fields: Any) -> Task:
    fields = {"cmd": Cmd("sort", args="-n @a"), "state": TaskState.COMPLETED, **fields}
    return Task(f"j_{name}", "j", starteddate=NOW, completeddate=NOW + timedelta(seconds=2), **fields)


def job(*tasks: Task, state: JobState = JobState.COMPLETED, **fields: Any) -> Job:
    info = Info(name="n", submittime=NOW, startedtime=NOW, completedtime=NOW)
    return Job("j", **{"info": info, "state": state, "tasks": list(tasks), **fields})


def entities(
    job: Job, *, known: dict[str, NodeFile] | None = None, perfs: dict[str, PerfRecord] | None = None
) -> dict[str, Any]:
    """The entities of the crate of *job*, as they are sent, by id."""
    crate = Crate(job, "ann", SITE)
    made = list(crate.begin())
    for one in job.tasks:
        made += told(crate, part_of(job, one, (), BASE), known, perfs)
    return by_id([*made, *crate.end(["1.0"], 5)])


def told(
    crate: Crate, part: Part, known: dict[str, NodeFile] | None = None, perfs: dict[str, PerfRecord] | None = None
) -> Iterator[Any]:
    """The entities of a task and of its runs."""
    yield from crate.task(part, known or {})
    for run in runs_of(part.task):
        yield from crate.run(part, run, (perfs or {}).get(run.work))


def by_id(made: Iterable[Any]) -> dict[str, Any]:
    """Entities as they are sent, by id."""
    graph = json.loads(b"".join(gathered(pieces(list(made)))))
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph), "an entity is there twice"
    return found


def ids(value: Any) -> list[str]:
    """All ids to which entities refer."""
    if isinstance(value, list):
        return [one for each in value for one in ids(each)]
    if not isinstance(value, dict):
        return []
    return [value["@id"]] if set(value) == {"@id"} else [one for each in value.values() for one in ids(each)]


def test_a_job_of_one_task_is_a_process_run() -> None:
    perf = PerfRecord("j_0_0", "j", "j_0", 0, {"checkout": 1, "deliver": 3, "max_mem_usage": 7, "own": "x"})
    seen = entities(job(task("0", outputs=[file("o.txt", "n")])), perfs={"j_0_0": perf})
    assert ids(seen["./"]["conformsTo"]) == ["https://w3id.org/ro/wfrun/process/0.5"]
    assert "mainEntity" not in seen["./"]
    action = seen["#j_0_0"]
    assert (action["@type"], action["actionStatus"]) == ("CreateAction", COMPLETED)
    assert (action["description"], seen[action["agent"]["@id"]]["name"]) == ("sort -n @a", "ann")
    assert action["startTime"] == "1970-01-01T00:00:01.000+00:00"
    assert seen["#j_0_0/memory"]["value"] == "7"
    tool = seen[action["instrument"]["@id"]]
    assert (tool["name"], tool["softwareVersion"]) == ("sort", "as installed on the workers")


def test_a_job_of_several_tasks_is_a_workflow() -> None:
    first = task("a", outputs=[file("o.txt", "n")])
    seen = entities(job(first, task("b", depends_on=["j_a"], inputs=[file("o.txt", "n", origin="a")])))
    assert "https://w3id.org/ro/wfrun/provenance/0.5" in ids(seen["./"]["conformsTo"])
    workflow = seen[seen["./"]["mainEntity"]["@id"]]
    assert [seen[step]["name"] for step in ids(workflow["step"])] == ["a", "b"]
    assert ids(workflow["hasPart"]) == [seen["#j_a_0"]["instrument"]["@id"]], "both have the same tool"
    made = f"{BASE}/node/n?download"
    assert (ids(seen["#j_a_0"]["result"]), ids(seen["#j_b_0"]["object"])) == ([made], [made])
    assert ids(seen["#run"]["result"]) == [made]
    assert "object" not in seen["#run"]
    assert ids(seen["#organize"]["object"]) == ["#j_a_0/step", "#j_b_0/step"]
    assert ids(seen["#organize"]["instrument"]) == [f"{BASE}/#awed", f"{BASE}/#awe-worker/1.0"]


def test_what_a_node_says_of_its_file_counts() -> None:
    known = NodeFile("x", size=9, checksum={"md5": "beef"})
    seen = entities(job(task("0", inputs=[file("a.fa.gz", "n")])), known={"n": known})
    found = seen[f"{BASE}/node/n?download"]
    assert (found["name"], found["contentSize"], found["md5"]) == ("a.fa.gz", "9", "beef")
    assert found["encodingFormat"] == "application/gzip"


def test_a_url_of_unknown_size_and_with_blanks() -> None:
    seen = entities(job(task("0", inputs=[IO("a", url="https://host/a b?c=%20")])))
    assert "contentSize" not in seen["https://host/a%20b?c=%20"]


def test_files_that_go_with_the_job_have_no_address() -> None:
    tasks = [task("0", outputs=[file("t", "n", temporary=True)]), task("1", inputs=[file("t", "n", origin="0")])]
    seen = entities(job(*tasks))
    assert ids(seen["#j_1_0"]["object"]) == ["#deleted/n"]
    assert "#deleted/n" not in ids(seen["./"]["hasPart"])
    assert seen["#deleted/n"]["@type"] == "CreativeWork"
    assert f"{BASE}/node/n?download" in entities(job(*tasks, state=JobState.SUSPEND))


def test_failed_runs_say_why_and_make_nothing() -> None:
    failed = [
        Attempt("j_0_2", number, Cause.EXIT, 3, NOW, NOW + timedelta(seconds=1), used=Used(memory=5))
        for number in (1, 2)
    ]
    done = Attempt("j_0_1", 1, DONE, 0, NOW, NOW)
    tasks = [
        task("0", totalwork=2, state=TaskState.SUSPEND, attempts=(*failed, done), outputs=[file("o", "n")]),
        task("1", state=TaskState.PENDING, cmd=Cmd("never")),
    ]
    error = JobError(servernotes="workunit failed 2 time(s)", apperror="no such column")
    seen = entities(job(*tasks, state=JobState.SUSPEND, error=error))
    assert ids(seen["./"]["mentions"])[:4] == ["#run", "#j_0_1", "#j_0_2/1", "#j_0_2/2"]
    action = seen["#j_0_2/2"]
    assert (action["@type"], action["actionStatus"], action["error"]) == ("ActivateAction", FAILED, "exit status 3")
    assert action["name"] == "n: 0, part 2 of 2, attempt 2"
    assert seen["#j_0_1"]["@type"] == "CreateAction"
    assert (seen["#run"]["actionStatus"], seen["#run"]["error"]) == (FAILED, f"{error.servernotes}\n{error.apperror}")
    workflow = seen[f"{BASE}/job/j"]
    assert ids(workflow["hasPart"]) == [f"{BASE}/job/j#tool/1/sort"], "a tool that never ran is no part"
    assert len(ids(workflow["step"])) == 2


def test_nothing_ran_of_a_workflow() -> None:
    tasks = [task(name, state=TaskState.SUSPEND) for name in "ab"]
    seen = entities(job(*tasks, state=JobState.SUSPEND, notes="suspended by ann"))
    assert "https://w3id.org/ro/wfrun/provenance/0.5" not in seen
    assert (seen["#run"]["error"], "#organize" in seen) == ("suspended by ann", False)


def test_results_that_were_used_again() -> None:
    seen = entities(job(task("0", reused=["k_0_0"])))
    assert "the result of k_0_0, which is equal, was used" in seen["#j_0_0"]["description"]


@pytest.mark.parametrize("perf", [{"checkout": "soon"}, {"checkout": 1e300}, ["x"], None, {"deliver": -(10**18)}])
def test_a_record_that_a_worker_made_up_costs_nothing(perf: Any) -> None:
    seen = entities(job(task("0")), perfs={"j_0_0": PerfRecord("j_0_0", "j", "j_0", 0, perf)})
    assert seen["#j_0_0"]["endTime"] == "2026-11-30T12:00:02.000+00:00"


def test_variables_are_shown_as_far_as_the_document_shows_them() -> None:
    cmd = Cmd("env", environ=Environ({"LANG": "C"}), has_private_env=True)
    seen = entities(job(task("0", cmd=cmd)))
    assert ids(seen["#j_0_0"]["environment"]) == ["#j_0/environment/LANG"]
    assert seen["#j_0/environment/LANG"]["value"] == "C"
    tes = TesTask(executors=[Executor("i", ["env"], env={"TZ": "UTC"})])
    assert entities(job(task("0", tes=tes)))["#j_0/environment/TZ"]["value"] == "UTC"


@pytest.mark.parametrize(
    ("image", "registry", "name", "tag", "sha256"),
    [
        ("alpine", "docker.io", "alpine", "", ""),
        ("lab/wc:1.2", "docker.io", "lab/wc", "1.2", ""),
        ("quay.io/lab/wc:1@sha256:abc", "quay.io", "lab/wc", "1", "abc"),
        ("localhost:5000/wc", "localhost:5000", "wc", "", ""),
    ],
)
def test_parts_of_an_images_name(image: str, registry: str, name: str, tag: str, sha256: str) -> None:
    found = image_entity(image)
    assert (found["registry"], found["name"]) == (registry, name)
    assert (found.get("tag", ""), found.get("sha256", "")) == (tag, sha256)


def test_commands_as_they_were_run() -> None:
    script = Cmd("sh", cmd_script=["set -e", "wc -l a"])
    array = Cmd("grep", args_array=["a b", "f"])
    tes = TesTask(executors=[Executor("i", ["echo", "a b"]), Executor("i", ["true"])])
    assert command_of(task("0", cmd=script)) == "set -e\nwc -l a"
    assert command_of(task("0", cmd=array)) == "grep 'a b' f"
    assert command_of(task("0", tes=tes)) == "echo 'a b'\ntrue"


def test_a_run_of_a_workflow_is_told_with_its_steps() -> None:
    """A scattered one is one step with two runs; its outputs are those that its worker brought."""
    flow, order, output = file("workflow.cwl", "w"), file("job.json", "o"), file("cwl.output.json", "r")
    cmd = Cmd("awe-cwl-runner", args_array=["--nodes", "workflow.cwl#main", "job.json"])
    run = job(task("run", cmd=cmd, inputs=[order, flow], outputs=[output]))
    crate = Crate(run, "ann", SITE, workflow_of(run))
    made = [*crate.begin(), crate.copied("workflow/workflow.cwl")]
    made += crate.files(part_of(run, run.tasks[0], (), BASE), {})
    tes = TesTask(executors=[Executor("alpine", ["sort", "a"])])
    for number in "12":
        fields: dict[str, Any] = {"tes": tes, "inputs": [file("files/in/a", "o")], "cmd": Cmd("tes")}
        step = Task(f"k{number}_tes", f"k{number}", state=TaskState.COMPLETED, completeddate=NOW, **fields)
        brought = [OutputLog(f"{BASE}/node/n{number}", "/out/b", "7"), OutputLog(f"{BASE}/node/d", "/out/d/", "0")]
        brought += [OutputLog("s3://bucket/c", "/out/c", "x"), OutputLog("job.json", "/out/e", "1")]
        made += told(crate, part_of(Job(f"k{number}", info=Info(name="sort it"), tasks=[step]), step, brought, BASE))
    seen = by_id([*made, *crate.end([], 5)])
    main = seen[seen["./"]["mainEntity"]["@id"]]
    assert main["@id"] == f"{BASE}/node/w?download"
    assert (main["name"], seen[main["programmingLanguage"]["@id"]]["alternateName"]) == ("workflow.cwl", "CWL")
    assert [seen[step]["name"] for step in ids(main["step"])] == ["sort it"]
    assert ids(seen["./"]["mentions"])[:3] == ["#run", "#k1_tes_0", "#k2_tes_0"]
    assert ids(seen["#k1_tes_0"]["result"]) == [f"{BASE}/node/n1?download", "s3://bucket/c"]
    assert seen[f"{BASE}/node/n1?download"]["contentSize"] == "7"
    assert seen[f"{BASE}/node/o?download"]["name"] == "job.json"
    assert f"{BASE}/node/r?download" in ids(seen["#run"]["result"])
    assert ids(seen["#run"]["object"]) == [f"{BASE}/node/o?download"]
    assert "workflow/workflow.cwl" in ids(seen["./"]["hasPart"])


def test_only_a_run_has_a_workflow() -> None:
    assert workflow_of(job(task("0", inputs=[file("workflow.cwl", "w")]))) is None


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
FILES = st.lists(
    st.builds(file, NAMES, st.sampled_from("nmo"), temporary=st.booleans(), nofile=st.booleans()), max_size=3
)
TASKS = st.builds(
    task,
    st.uuids().map(str),
    state=st.sampled_from([TaskState.COMPLETED, TaskState.SUSPEND, TaskState.PENDING]),
    cmd=st.builds(Cmd, NAMES, docker_image=st.sampled_from(["", "a:1", "b/c@sha256:1"])),
    inputs=FILES,
    outputs=FILES,
    totalwork=st.integers(1, 3),
)


@given(st.lists(TASKS, min_size=1, max_size=4), st.sampled_from([JobState.COMPLETED, JobState.SUSPEND]))
def test_entities_refer_to_what_is_there(tasks: list[Task], state: JobState) -> None:
    """And data entities are parts of the crate, actions are mentioned."""
    seen = entities(job(*tasks, state=state))
    bioschemas = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
    outside = {"https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0", bioschemas}
    outside |= {f"https://w3id.org/ro/terms/workflow-run#{kind}" for kind in ("DockerImage", "SIFImage")}
    assert {one for entity in seen.values() for one in ids(list(entity.values()))} <= seen.keys() | outside
    parts, mentioned = ids(seen["./"]["hasPart"]), ids(seen["./"]["mentions"])
    for name, entity in seen.items():
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        if "File" in kinds:
            assert name in parts
        if entity["@type"] in ("CreateAction", "ActivateAction"):
            assert name in mentioned
