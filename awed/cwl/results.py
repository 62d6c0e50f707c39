"""The outputs of a run: fetched to a directory, or left where they are."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import Any

from cwltool.errors import WorkflowException
from cwltool.pathmapper import MapperEnt
from cwltool.utils import get_listing, visit_class
from schema_salad.ref_resolver import file_uri

from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.paths import CLASSES, LITERAL, Paths, is_directory, is_literal

Settle = Callable[[Any], Any]
"""Makes of an output object the one that is printed, with the locations that the files have in the end."""


def fetched(outputs: Any, access: Access, nodes: Nodes, outdir: Path) -> Any:
    """Bring the files to the directory *outdir*, with their checksums as CWL has them.

    Raises :class:`~cwltool.errors.WorkflowException` for a name that leads elsewhere, :class:`OSError`, and what a
    call raises.
    """
    get_listing(access, outputs, recursive=True)
    found: list[Any] = []
    visit_class(outputs, CLASSES, found.append)
    for one in found:
        _require_inside(one)
    outdir.mkdir(parents=True, exist_ok=True)
    paths, made = Paths(found, str(outdir), False, access), dict[str, dict[str, Any]]()
    taken: dict[str, str] = {}
    for location, entry in paths.items():
        target = entry.target if is_directory(entry) else _free(entry.target, _content(entry, access), taken)
        made[location] = _bring(entry, Path(target), access, nodes)
    for one in found:
        one.update(made[one["location"]])
        one.pop("contents", None)
    return outputs


def _require_inside(one: dict[str, Any]) -> None:
    """Have a file or directory be where the outputs are: what is said of it is of the workflow, or of a worker."""
    name = one["basename"]
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise WorkflowException(f"an output has the name {name!r}, which is none of a file in a directory")
    one.pop("dirname", None)


def _content(entry: MapperEnt, access: Access) -> str:
    """What is the same for the same content."""
    is_here = is_literal(entry) or access.local(entry.resolved)
    return entry.resolved if is_here else access.address(entry.resolved)


def _free(place: str, content: str, taken: dict[str, str]) -> str:
    """*place*, or one beside it where another content is to be there already."""
    number, target = 1, place
    while taken.setdefault(target, content) != content:
        number += 1
        target = f"{place}_{number}"
    return target


def _bring(entry: MapperEnt, target: Path, access: Access, nodes: Nodes) -> dict[str, Any]:
    """Have a file or directory at *target*; what is new of its object."""
    place = {"location": file_uri(str(target)), "basename": target.name}
    if is_directory(entry):
        target.mkdir(parents=True, exist_ok=True)
        return place
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_literal(entry):
        target.write_text(entry.resolved)
    elif path := access.local(entry.resolved):
        if not (target.exists() and os.path.samefile(path, target)):
            copyfile(path, target)
    else:
        nodes.fetch(access.address(entry.resolved), target)
    with target.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha1").hexdigest()
    return {**place, "checksum": f"sha1${checksum}", "size": target.stat().st_size}


def left(outputs: Any, access: Access, nodes: Nodes, *, expire: bool) -> Any:
    """Leave the files where they are: their locations are addresses of nodes. Directories have their listings alone.
    *expire*: whether nodes of steps may expire; the outputs do not.

    Raises :class:`OSError`, and what a call raises.
    """
    get_listing(access, outputs, recursive=True)

    def settle(one: Any) -> None:
        location = one["location"]
        if one["class"] == "Directory":
            one["location"] = LITERAL + one["basename"]  # cwltool wants one
        elif location.startswith(LITERAL):
            one["location"] = nodes.shown(nodes.made(one["basename"], BytesIO(one.pop("contents").encode())))
        else:
            url = access.address(location)
            one["location"] = nodes.shown(nodes.lasting(url) if expire else url)

    visit_class(outputs, CLASSES, settle)
    return outputs
