"""CWL tools as tests write them, and the steps that they make."""

from pathlib import Path
from typing import Any

from cwltool.context import LoadingContext, RuntimeContext
from cwltool.load_tool import load_tool

from awed.client.blocking import Server
from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.program import loading, running
from awed.cwl.task import Setting, task_of
from awed.cwl.tool import Step

NOWHERE = Server("http://127.0.0.1:9")

SETTING = Setting("plain")


def step(place: Path, tool: str, access: Access | None = None, **inputs: Any) -> Step:
    """The step that the tool with this text makes of *inputs*."""
    path = place / "tool.cwl"
    path.write_text(f"cwlVersion: v1.2\nclass: CommandLineTool\nid: tool\n{tool}")
    loading_context: LoadingContext = loading()
    context: RuntimeContext = running(access or Access(Nodes(NOWHERE)))
    process = load_tool(path.as_uri(), loading_context)
    (made,) = process.job(inputs, lambda outputs, status: None, context)
    assert isinstance(made, Step)
    return made


def task(made: Step, setting: Setting = SETTING) -> dict[str, Any]:
    """Its task, with files at their locations."""
    return task_of(made, setting, lambda location: location)


def node(name: str, number: int = 1) -> dict[str, Any]:
    """A file in a node."""
    url = f"http://127.0.0.1:9/node/00000000-0000-0000-0000-{number:012}"
    return {"class": "File", "location": url, "basename": name, "size": 4}
