"""The document of a run: a job of one task whose command runs a workflow, and makes a job of each of its steps."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec
from msgspec import Struct

from awed.model.errors import Invalid
from awed.model.job import OWN_HOST
from awed.model.quantities import is_duration
from awed.model.resources import RUNNER, RUNS

TASK = "run"
"""The name of the task of a run."""

PIPELINE = "cwl"
"""The pipeline of runs."""

ORDER = "job.json"
"""The file with the inputs of the workflow."""

OUTPUT = "cwl.output.json"
"""The file in which the runner leaves the outputs of the workflow."""

LOST = 100
"""How often a run is tried again whose worker is lost: it finds the steps that were done or are running."""


class Options(Struct, frozen=True):
    """How the runner has steps run, as its own options say it. *default_container*: the image of tools that name
    none, "" for the usual one. *expire*: after how long the nodes that steps make are deleted, "" for never."""

    no_container: bool = False
    default_container: str = ""
    reuse: bool = False
    expire: str = ""

    @classmethod
    def said(cls, texts: Mapping[str, str]) -> Self:
        """The options in *texts*, by name. Raises :class:`~awed.model.errors.Invalid`."""
        if (expire := texts.get("expire", "")) and not is_duration(expire):
            raise Invalid(f"expire must be a number followed by M, H or D, found: {expire}")
        try:
            return msgspec.convert({name: text for name, text in texts.items() if text}, cls, strict=False)
        except msgspec.ValidationError as error:
            name = str(error).rpartition("$.")[2].rstrip("`")
            raise Invalid(f"{name} must be true or false, found: {texts[name]}") from None

    def arguments(self, groups: str) -> list[str]:
        """Those of the runner. *groups*: the client groups whose workers may run the steps, "" for any."""
        switches = {"--no-container": self.no_container, "--reuse": self.reuse}
        texts = {"--default-container": self.default_container, "--group": groups, "--expire": self.expire}
        return [
            *(name for name, is_on in switches.items() if is_on),
            *(f"{name}={text}" for name, text in texts.items() if text),
        ]


class Run(Struct, frozen=True):
    """What is to be run: the *workflow*, a file of the run, and the *entrypoint* in it, "" for the only process.

    *files*: of the run, by path in its directory, with the ids of their nodes in the daemon's own store. *info*: more
    of the info of its job.
    """

    workflow: str
    entrypoint: str
    files: Mapping[str, str]
    info: Mapping[str, Any]
    options: Options


def run_document(run: Run, job_id: str, token: str) -> dict[str, Any]:
    """The document of the job *job_id* that runs *run*. *token*: with which the runner makes steps."""
    fragment = f"#{run.entrypoint}" if run.entrypoint else ""
    options = run.options.arguments(run.info.get("clientgroups", ""))
    order = [ORDER] if ORDER in run.files else []
    here = "./" if run.workflow.startswith("-") else ""  # else it would be an option
    task = {
        "taskid": TASK,
        "cmd": {
            "name": RUNNER,
            "args_array": ["--nodes", *options, f"{here}{run.workflow}{fragment}", *order],
            "environ": {"private": {"AWE_TOKEN": token}},
        },
        "inputs": [{"filename": path, "host": OWN_HOST, "node": node} for path, node in run.files.items()],
        "outputs": [{"filename": OUTPUT, "host": OWN_HOST}],
        "resources": {RUNS: 1},
        "network": True,
        "retry": {"exit": 0, "lost": LOST},
    }
    return {"id": job_id, "info": {"pipeline": PIPELINE, **run.info}, "tasks": [task]}
