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
from cwltool.executors import JobExecutor
from cwltool.loghandler import _logger as log
from cwltool.main import main as cwltool
from schema_salad.exceptions import ValidationException

from awed import __version__
from awed.client.blocking import Server
from awed.cwl.access import Access
from awed.cwl.confined import Documents
from awed.cwl.executor import Executor
from awed.cwl.nodes import Nodes
from awed.cwl.original import without_own
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
    """What a command line asks for.

    *inputs*: the path of an input object, or ``--NAME VALUE`` ... *quiet*: only warnings on stderr.
    """

    tool: str
    inputs: Sequence[str] = ()
    quiet: bool = False
    debug: bool = False

    def read(self, access: Access, executor: JobExecutor | None = None, **options: Any) -> tuple[int, str]:
        """Have cwltool read tool and inputs, and *executor* run it: the exit status, and what goes to stdout.

        *options*: those of cwltool that differ from its defaults.
        """
        printed = StringIO()
        said = {
            "quiet": self.quiet,
            "debug": self.debug,
            "compute_checksum": False,
            "use_container": False,
            **options,
        }
        said["enable_color"] = sys.stderr.isatty()
        try:
            status = cwltool(
                args=Namespace(workflow=self.tool, job_order=list(self.inputs), **said),
                executor=executor,
                loadingContext=loading(access.root),
                runtimeContext=running(access, debug=self.debug),
                logger_handler=logging.StreamHandler(sys.stderr),
                versionfunc=lambda: f"awe cwl {__version__}",
                stdout=printed,
            )
        except ValidationException as error:
            log.error("%s", error)
            return 1, ""
        return status, printed.getvalue()


def run(server: Server, asked: Asked, setting: Setting, run_id: str, outdir: Path | None) -> int:
    """Run what was *asked* for, and print the output object on stdout, all else on stderr; the exit status of CWL
    runners. *outdir*: None if files stay where they are; of a run, no other files of this machine are read then than
    those in its directory. Raises :class:`OSError` if it cannot be made."""
    if outdir is not None:
        outdir.mkdir(parents=True, exist_ok=True)  # before anything runs whose outputs could not be there
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(TERMINATED))
    nodes = Nodes(server)
    access = Access(nodes, Path.cwd() if setting.parent and outdir is None else None)
    settle = partial(left, access=access, nodes=nodes, expire=bool(setting.expiration or setting.reuse))
    if outdir is not None:
        settle = partial(fetched, access=access, nodes=nodes, outdir=outdir.absolute())
    steps = Steps(server, access, setting, run_id)
    if setting.parent:
        asked = asked._replace(tool=without_own(asked.tool))
    status, text = asked.read(access, Executor(steps, settle, survives=bool(setting.parent)))
    if outdir is None and text.startswith("{"):
        text = _without_places(text)
        Path(OUTPUT).write_text(text)
    if text:
        print(text)
    return status


def loading(root: Path | None = None) -> LoadingContext:
    """How cwltool reads documents here. *root*: the only directory of this machine that has them, None for any."""
    context = LoadingContext()
    if root is not None:
        context.fetcher_constructor = partial(Documents, root)
    context.relax_path_checks = True  # files may have any names: none goes through a shell unquoted
    context.construct_tool_object = cast(Any, make_tool)  # the names of its arguments differ
    return context


def running(access: Access, *, debug: bool = False) -> RuntimeContext:
    """How cwltool runs things here."""
    context = RuntimeContext({"debug": debug, "compute_checksum": False, "use_container": False})
    context.make_fs_access = cast(Any, lambda basedir: access)  # a class is expected
    return context


def _without_places(text: str) -> str:
    """The output object without locations that are none."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            is_nowhere = str(value.get("location", "")).startswith(LITERAL)
            return {key: clean(one) for key, one in value.items() if not (is_nowhere and key == "location")}
        return list(map(clean, value)) if isinstance(value, list) else value

    return msgspec.json.format(msgspec.json.encode(clean(msgspec.json.decode(text))), indent=4).decode()
