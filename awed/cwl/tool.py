"""CommandLineTools as steps that run elsewhere."""

import os
from collections import Counter
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any, cast

from cwltool import command_line_tool
from cwltool.command_line_tool import CommandLineTool
from cwltool.context import LoadingContext, RuntimeContext
from cwltool.job import JobBase
from cwltool.pathmapper import MapperEnt
from cwltool.process import Process, shortname
from cwltool.workflow import default_make_tool

from awed.cwl.paths import Paths

OUTDIR, STAGEDIR, TMPDIR = "/var/spool/cwl", "/var/lib/cwl", "/tmp"  # noqa: S108  the task's own
"""Where a command works, where its inputs are, and where it may leave what nobody needs."""


class Step(JobBase):
    """A command with its files. *label*: the name of the step in its workflow, else of the tool."""

    def __init__(self, *args: Any, label: str) -> None:
        super().__init__(*args)
        self.label = label

    def staged(self) -> Iterator[MapperEnt]:
        """The files and directories that it finds, each with its place: inputs, and what is in its directory."""
        yield from (entry for _, entry in self.pathmapper.items() if entry.staged)
        yield from self._initial()

    def writable(self) -> Iterator[tuple[str, str]]:
        """The sources of the files and directories that it may change, and their paths in its directory."""
        for entry in self._initial():
            if str(entry.type).startswith("Writable"):
                yield entry.resolved, os.path.relpath(entry.target, self.builder.outdir)

    def _initial(self) -> Iterator[MapperEnt]:
        """What its directory begins with."""
        listing = self.generatefiles["listing"]
        initial = self.make_path_mapper(listing, self.builder.outdir, self._context, False)
        yield from (entry for _, entry in initial.items())

    def run(self, runtimeContext: RuntimeContext, tmpdir_lock: Any = None) -> None:
        """Never called: see :class:`~awed.cwl.steps.Steps`."""
        raise NotImplementedError

    def prepare_environment(self, runtimeContext: RuntimeContext, envVarReq: Any) -> None:
        self._context = runtimeContext
        super().prepare_environment(runtimeContext, envVarReq)

    def _required_env(self) -> dict[str, str]:
        return {"HOME": self.builder.outdir, "TMPDIR": self.builder.tmpdir}


_names: Counter[str] = Counter()


def _unique(stem: str, names: object = None) -> str:
    """As by cwltool, which tries the n names that are taken for each of n steps: *stem*, the second time with a
    number."""
    _names[stem] += 1
    return stem if _names[stem] == 1 else f"{stem}_{_names[stem]}"


vars(command_line_tool)["uniquename"] = _unique


class Tool(CommandLineTool):
    """A tool whose jobs are steps. What they see is the same as in a container, also without one."""

    def make_job_runner(self, runtimeContext: RuntimeContext) -> type[JobBase]:
        label = runtimeContext.name or str(self.tool.get("label") or shortname(self.tool.get("id", "step")))
        return cast(type[JobBase], partial(Step, label=label))

    def make_path_mapper(
        self, reffiles: Any, stagedir: str, runtimeContext: RuntimeContext, separateDirs: bool
    ) -> Paths:
        return Paths(reffiles, stagedir, separateDirs, runtimeContext.make_fs_access(""))

    def job(
        self, job_order: Any, output_callbacks: Any, runtimeContext: RuntimeContext
    ) -> Generator[Any, None, None]:
        docker, _ = self.get_requirement("DockerRequirement")
        context = runtimeContext.copy()
        context.outdir = str((docker or {}).get("dockerOutputDirectory") or OUTDIR)
        context.stagedir, context.tmpdir = STAGEDIR, TMPDIR
        yield from super().job(job_order, output_callbacks, context)


def make_tool(document: Any, context: LoadingContext) -> Process:
    """The process of a CWL document."""
    if document["class"] == "CommandLineTool":
        return Tool(document, context)
    return default_make_tool(document, context)
