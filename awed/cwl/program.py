"""A run from the command line to its output object, with the conventions of CWL runners."""

import logging
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
from cwltool.context import LoadingContext, RuntimeContext
from cwltool.main import main as cwltool

from awed import __version__
from awed.client.blocking import Server
from awed.cwl.access import Access
from awed.cwl.executor import Executor
from awed.cwl.nodes import Nodes
from awed.cwl.paths import LITERAL
from awed.cwl.results import fetched, left
from awed.cwl.steps import Steps
from awed.cwl.task import Setting
from awed.cwl.tool import make_tool

OUTPUT = "cwl.output.json"
"""The file with the output object of a run whose files stay where they are."""

TERMINATED = 128 + signal.SIGTERM
"""Exit status of a runner that was ended by SIGTERM."""


class Asked(NamedTuple):
    """What a command line asks for. *outdir*: None if files stay where they are. *quiet*: only warnings on stderr."""

    run_id: str
    setting: Setting
    outdir: Path | None
    quiet: bool = False
    debug: bool = False


def run(server: Server, tool: str, inputs: Sequence[str], asked: Asked) -> int:
    """Run *tool*, and print its output object on stdout, all else on stderr; the exit status of CWL runners.

    *inputs*: the path of an input object, or ``--NAME VALUE`` ...
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED))
    nodes = Nodes(server)
    access = Access(nodes)
    outdir = asked.outdir
    settle = partial(left, access=access, nodes=nodes)
    if outdir is not None:
        settle = partial(fetched, access=access, nodes=nodes, outdir=outdir.absolute())
    steps = Steps(server, access, asked.setting, asked.run_id)
    printed = StringIO()
    status = cwltool(
        args=Namespace(
            workflow=tool,
            job_order=list(inputs),
            quiet=asked.quiet,
            debug=asked.debug,
            compute_checksum=False,
            use_container=False,
        ),
        executor=Executor(steps, settle, survives=bool(asked.setting.parent)),
        loadingContext=loading(),
        runtimeContext=running(access, debug=asked.debug),
        logger_handler=logging.StreamHandler(sys.stderr),
        versionfunc=lambda: f"awe cwl {__version__}",
        stdout=printed,
    )
    text = printed.getvalue()
    if outdir is None and text:
        text = _without_places(text)
        Path(OUTPUT).write_text(text)
    print(text)
    return status


def loading() -> LoadingContext:
    """How cwltool reads documents here."""
    context = LoadingContext()
    context.construct_tool_object = cast(Any, make_tool)  # the names of its arguments differ
    return context


def running(access: Access, *, debug: bool = False) -> RuntimeContext:
    """How cwltool runs things here."""
    context = RuntimeContext({"debug": debug, "compute_checksum": False, "use_container": False})
    context.make_fs_access = cast(Any, lambda basedir: access)  # a class is expected
    return context


def _without_places(text: str) -> str:
    """The output object without locations that are none."""

    def clean(value: object) -> object:
        if isinstance(value, dict):
            return {
                key: clean(one)
                for key, one in value.items()
                if not (key == "location" and isinstance(one, str) and one.startswith(LITERAL))
            }
        return list(map(clean, value)) if isinstance(value, list) else value

    return msgspec.json.format(msgspec.json.encode(clean(msgspec.json.decode(text))), indent=4).decode()
