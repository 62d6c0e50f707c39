"""Submits a run: the workflow in one document, its input object, and the files of both as nodes."""

import json
import sys
from collections.abc import Mapping
from typing import Any, cast

from cwltool import pack
from cwltool.context import RuntimeContext
from cwltool.errors import UnsupportedRequirement
from cwltool.executors import JobExecutor
from cwltool.process import Process
from cwltool.utils import get_listing, visit_class
from schema_salad.utils import convert_to_dict

from awed.client import events as feed
from awed.client import jobs
from awed.client.blocking import Server
from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.paths import CLASSES, LITERAL
from awed.cwl.program import Asked
from awed.model.ids import new_id

_PLACES = ("path", "dirname", "nameroot", "nameext")
"""Fields of files that tell nothing elsewhere."""


_PROCESSES = ("CommandLineTool", "ExpressionTool", "Workflow", "Operation")

_embed = pack.import_embed


def _embedded(document: Any, seen: set[str]) -> None:
    """As by cwltool, which packs an output of a tool within a step as if it were the input of the same id."""
    apart: list[tuple[dict[str, Any], str]] = []

    def take(process: dict[str, Any]) -> None:
        inputs = {one["id"] for one in process.get("inputs", ()) if "id" in one}
        apart.extend((one, one.pop("id")) for one in process.get("outputs", ()) if one.get("id") in inputs)

    visit_class(document, _PROCESSES, take)
    _embed(document, seen)
    for one, its_id in apart:
        one["id"] = its_id


pack.import_embed = cast(Any, _embedded)


class Order(JobExecutor):
    """Runs nothing, and keeps the complete input object, with all secondary files."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Any = None

    def execute(
        self, process: Process, job_order_object: Any, runtime_context: RuntimeContext, *args: Any, **kwargs: Any
    ) -> tuple[Any, str]:
        if runtime_context.secret_store and runtime_context.secret_store.has_secret(job_order_object):
            raise UnsupportedRequirement("a secret would be in the inputs of the run, which others may read")
        context = runtime_context.copy()
        context.toplevel = True
        self.found = process._init_job(convert_to_dict(job_order_object), context).job
        return None, "success"

    def run_jobs(self, *args: Any) -> None:
        """There are none."""


def submit(server: Server, asked: Asked, options: Mapping[str, str]) -> tuple[int, str]:
    """Submit what was *asked* for as a run: an exit status of CWL runners, and the id of its job; or what is to be
    printed in its place, if it is only help that was asked for.

    *options*: see :func:`awed.client.jobs.submit_run`. Raises what a call raises.
    """
    nodes = Nodes(server)
    access, order = Access(nodes), Order()
    status, text = asked._replace(quiet=not asked.debug).read(access, order)
    if order.found is None:
        return status, text
    status, text = packed(asked, access)
    if status:
        return status, ""
    workflow, inputs = json.loads(text), order.found
    main = next((one for one in workflow.get("$graph", ()) if one["id"] == "#main"), workflow)
    main.setdefault("label", access.name(asked.tool))  # the name of the job
    server.ask(feed.events(None))  # all that follows waits for a server that is away: not for a mistyped address
    for document in (workflow, inputs):
        _settle(document, access, nodes)
    call = jobs.submit_run(json.dumps(workflow).encode(), json.dumps(inputs).encode(), options, new_id())
    job, warnings = server.persist(call)
    for warning in warnings:
        print(f"awe: the run waits: {warning.text}", file=sys.stderr)
    return 0, job.id


def packed(asked: Asked, access: Access) -> tuple[int, str]:
    """An exit status of CWL runners, and one document with the workflow and all that it names."""
    return asked._replace(inputs=()).read(access, pack=True, no_warnings=True)


def _settle(document: Any, access: Access, nodes: Nodes) -> None:
    """Have all files in *document* be nodes, and all directories lists of such."""
    found: list[Any] = []
    visit_class(document, ("Directory",), found.append)
    for one in found:
        get_listing(access, one, recursive=True)
    found = []
    visit_class(document, CLASSES, found.append)
    for one in found:
        for name in _PLACES:
            one.pop(name, None)
        location = one.pop("location", LITERAL)
        if location == LITERAL + one.get("basename", ""):
            del one["basename"]
        if one["class"] == "File" and not location.startswith(LITERAL):
            one["location"] = nodes.shown(access.address(location))
            one.setdefault("basename", access.name(location))
            one.pop("contents", None)
