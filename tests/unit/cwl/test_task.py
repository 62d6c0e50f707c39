"""The task of a step: what the tool says, said in TES; the same each time."""

from pathlib import Path
from typing import Any

import pytest
from cwltool.errors import WorkflowException

from awed.cwl.task import Setting
from tests.unit.cwl.tools import SETTING, node, step, task

CAT = """
baseCommand: cat
inputs: {file: {type: File, inputBinding: {}}, more: {type: 'Any?'}}
stdout: out.txt
outputs: {out: stdout}
"""


def test_the_command_sees_the_paths_of_a_container(tmp_path: Path) -> None:
    made = task(step(tmp_path, CAT, file=node("a.txt")))
    (executor,) = made["executors"]
    assert executor["command"] == ["cat", "/var/lib/cwl/0/a.txt"]
    assert executor["workdir"] == executor["env"]["HOME"] == "/var/spool/cwl"
    assert executor["env"]["TMPDIR"] == "/tmp"
    assert executor["stdout"] == "/var/spool/cwl/out.txt"
    assert made["inputs"] == [{"path": "/var/lib/cwl/0/a.txt", "type": "FILE", "url": node("a.txt")["location"]}]
    assert made["outputs"] == [{"path": "/var/spool/cwl", "url": "own:/node", "type": "DIRECTORY"}]
    assert made["name"] == "tool"


def test_nothing_random_is_in_it(tmp_path: Path) -> None:
    """Literals have no names of their own; a runner that is started again finds its steps by their tasks."""
    text = {"class": "File", "contents": "x"}
    folder = {"class": "Directory", "basename": "d", "listing": [dict(text), node("b", 2)]}
    first, second = (task(step(tmp_path, CAT, file=dict(text), more=dict(folder))) for _ in range(2))
    assert first == second
    assert first["inputs"][0]["content"] == "x"


def test_requirements_become_needs_and_limits(tmp_path: Path) -> None:
    made = task(
        step(
            tmp_path,
            """
baseCommand: run
inputs: {}
outputs: {}
requirements:
  ResourceRequirement: {coresMin: 2, ramMin: 1000, outdirMin: 10}
  ToolTimeLimit: {timelimit: 60}
  NetworkAccess: {networkAccess: true}
  DockerRequirement: {dockerPull: alpine}
  EnvVarRequirement: {envDef: {A: b}}
successCodes: [0, 3]
""",
        )
    )
    (executor,) = made["executors"]
    assert (executor["image"], executor["env"]["A"], executor["ignore_error"]) == ("alpine", "b", True)
    said = {"cpu_cores": 2, "ram_gb": 1.048576, "disk_gb": 0.01048576}
    parameters = {"network": "true", "walltime": "60", "entrypoint": "true"}
    assert made["resources"] == {**said, "backend_parameters": parameters}


def test_what_a_tool_does_not_ask_for_is_no_limit(tmp_path: Path) -> None:
    """CWL's defaults would have a command ended that has more memory than 256 MB."""
    made = task(step(tmp_path, CAT, file=node("a")), Setting("plain", parent="job", group="g"))
    assert made["resources"] == {"backend_parameters": {"network": "false", "parent": "job", "group": "g"}}
    assert made["executors"][0]["image"] == "plain"


def test_the_expiration_of_what_a_step_makes_does_not_tell_it_from_equal_ones(tmp_path: Path) -> None:
    made = step(tmp_path, CAT, file=node("a"))
    plain, expires = task(made), task(made, SETTING._replace(expiration="1D"))
    assert expires["resources"]["backend_parameters"]["expiration"] == "1D"
    assert plain["tags"] == expires["tags"]


def test_images_are_left_out_if_they_are_not_wanted(tmp_path: Path) -> None:
    tool = f"{CAT}\nrequirements: {{DockerRequirement: {{dockerPull: alpine}}}}"
    made = task(step(tmp_path, tool, file=node("a")), Setting("plain", takes_images=False))
    assert made["executors"][0]["image"] == "plain"
    assert "entrypoint" not in made["resources"]["backend_parameters"]


INITIAL = """
baseCommand: ls
inputs: {file: File, folder: Directory}
outputs: {}
requirements:
  InitialWorkDirRequirement:
    listing:
      - {entryname: sub/script.sh, entry: "echo hello"}
      - {entry: $(inputs.file), entryname: renamed, writable: true}
      - $(inputs.folder)
"""


def test_the_directory_begins_with_what_the_tool_wants_in_it(tmp_path: Path) -> None:
    empty = {"class": "Directory", "basename": "none", "listing": []}
    folder = {"class": "Directory", "basename": "d", "listing": [node("b", 2), empty]}
    made = task(step(tmp_path, INITIAL, file=node("a"), folder=folder))
    found: dict[str, Any] = {one["path"]: one.get("content", one.get("url")) for one in made["inputs"]}
    assert found["/var/spool/cwl/sub/script.sh"] == "echo hello"
    assert found["/var/spool/cwl/renamed"] == node("a")["location"]
    assert found["/var/spool/cwl/d/b"] == node("b", 2)["location"]
    assert "/var/spool/cwl/d/none" in made["volumes"]


def test_a_step_without_a_command_is_none(tmp_path: Path) -> None:
    with pytest.raises(WorkflowException, match="baseCommand"):
        task(step(tmp_path, "inputs: {}\noutputs: {}\narguments: []\n"))
