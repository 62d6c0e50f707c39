"""``awe cwl``, and the program ``awe-cwl-runner``."""

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from awed import __version__
from awed.cli.errors import Mistake
from awed.cli.options import pass_server
from awed.client.blocking import Server
from awed.model.ids import new_id
from awed.model.quantities import is_duration

EXTRA = "pip install 'awed[cwl]'"


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
)
@click.argument("tool", required=False)
@click.argument("inputs", nargs=-1, type=click.UNPROCESSED)
@click.option("--wait", is_flag=True, help="Run it from here, and wait for its end.")
@click.option(
    "--outdir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the files of the outputs go. Default: here.",
)
@click.option("--nodes", is_flag=True, help="Leave the files of the outputs in their nodes.")
@click.option("--no-container", is_flag=True, help="Run the steps without the images that their tools name.")
@click.option(
    "--default-container",
    metavar="IMAGE",
    default="debian:stable-slim",
    show_default=True,
    help="The image for tools that name none.",
)
@click.option("--group", default="", help="Client groups whose workers may run the steps, joined by commas.")
@click.option(
    "--run-id",
    envvar="AWE_JOBID",
    metavar="ID",
    help="Any word. A run that was broken off goes on where it was if it is started again with the same one.",
)
@click.option(
    "--reuse", is_flag=True, help="Take the results of your own equal steps of other runs, if they are there."
)
@click.option(
    "--expire",
    metavar="TIME",
    default="",
    help="Delete what steps made so long after that: 12H, 30D; but not the outputs of the workflow. Default: never.",
)
@click.option("--quiet", is_flag=True, help="Say nothing on stderr but what goes wrong.")
@click.option("--debug", is_flag=True, help="Say more.")
@click.version_option(__version__, prog_name="awe cwl")
@click.pass_context
@pass_server
def cwl(server: Server, context: click.Context, /, tool: str | None, inputs: tuple[str, ...], **options: Any) -> int:
    """Run the CWL workflow or tool in TOOL, with steps that run at the workers.

    INPUTS is a file with the input object, or --NAME VALUE for each input; TOOL --help shows which there are. Prints
    the id of the job that runs it. With --wait it is run from here: the output object is printed as JSON, and the
    exit status is 0 if it is done, 1 if it failed, and 33 if something in it is not supported.
    """
    if tool in (None, "--help", "-h"):
        click.echo(context.get_help())
        return 0
    if tool.startswith("-"):
        known = [name for parameter in context.command.params for name in parameter.opts]
        raise click.NoSuchOption(tool, possibilities=get_close_matches(tool, known), ctx=context)
    if options["expire"] and not is_duration(options["expire"]):
        raise click.UsageError(f"--expire: expected a number followed by M, H or D, found {options['expire']}")
    program, submission, task = map(_late, ("program", "submission", "task"))
    asked = program.Asked(tool, inputs, options["quiet"], options["debug"])
    if options["wait"]:
        _of_its_job(server)
        setting = task.Setting(
            image=options["default_container"],
            takes_images=not options["no_container"],
            parent=os.environ.get("AWE_JOBID", ""),
            group=options["group"],
            reuse=options["reuse"],
            expiration=options["expire"],
        )
        outdir = None if options["nodes"] else options["outdir"]
        status: int = program.run(server, asked, setting, options["run_id"] or new_id(), outdir)
        return status
    for name in _WAITS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --wait")
    said = {
        "CLIENT_GROUP": options["group"],
        "no_container": "true" if options["no_container"] else "",
        "default_container": options["default_container"],
        "reuse": "true" if options["reuse"] else "",
        "expire": options["expire"],
    }
    status, text = submission.submit(server, asked, {name: text for name, text in said.items() if text})
    click.echo(text, nl=bool(text))
    return status


_WAITS = ("outdir", "nodes", "run_id")
"""Options of a run that is awaited."""


def _of_its_job(server: Server) -> None:
    """Have the requests be those of the workunit whose command this is, if it is one."""
    work_id, attempt = (os.environ.get(name) for name in ("AWE_WORKID", "AWE_ATTEMPT"))
    if work_id and attempt:
        server.speak_for(work_id, attempt)


def _late(name: str) -> Any:
    """A module of what runs workflows, imported only now, as that takes long."""
    try:
        return import_module(f"awed.cwl.{name}")
    except ModuleNotFoundError as error:
        raise Mistake(f"awe cwl needs {EXTRA} ({error})") from None


def main() -> NoReturn:
    """The program ``awe-cwl-runner``: ``awe cwl --wait``, as programs call it that call CWL runners."""
    sys.exit(import_module("awed.cli.program").run(["cwl", "--wait", *sys.argv[1:]]))
