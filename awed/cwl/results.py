"""The outputs of a run: fetched to a directory, or left where they are."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import Any

from cwltool.utils import get_listing, visit_class
from schema_salad.ref_resolver import file_uri

from awed.cwl.access import Access
from awed.cwl.nodes import Nodes
from awed.cwl.paths import LITERAL, Paths

_CLASSES = ("File", "Directory")

Settle = Callable[[Any], Any]
"""Makes of an output object the one that is printed, with the locations that the files have in the end."""


def fetched(outputs: Any, access: Access, nodes: Nodes, outdir: Path) -> Any:
    """Bring the files to the directory *outdir*, with their checksums as CWL has them.

    Raises :class:`OSError`, and what a call raises.
    """
    get_listing(access, outputs, recursive=True)
    found: list[Any] = []
    visit_class(outputs, _CLASSES, found.append)
    outdir.mkdir(parents=True, exist_ok=True)
    paths, made = Paths(found, str(outdir), False, access), dict[str, dict[str, Any]]()
    taken: dict[str, str] = {}
    for location, (resolved, place, kind, _) in paths.items():
        target = Path(place if "Directory" in str(kind) else _free(place, location, taken))
        made[location] = _bring(resolved, target, str(kind), access, nodes)
    for one in found:
        one.update(made[one["location"]])
        one.pop("contents", None)
    return outputs


def _free(place: str, location: str, taken: dict[str, str]) -> str:
    """*place*, or one beside it where a file from elsewhere is to be there already."""
    number, target = 1, place
    while taken.setdefault(target, location) != location:
        number += 1
        target = f"{place}_{number}"
    return target


def _bring(resolved: str, target: Path, kind: str, access: Access, nodes: Nodes) -> dict[str, Any]:
    """Have a file or directory at *target*; what is new of its object."""
    place = {"location": file_uri(str(target)), "basename": target.name}
    if kind.endswith("Directory"):
        target.mkdir(parents=True, exist_ok=True)
        return place
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind.startswith("Create"):
        target.write_text(resolved)
    elif path := access.local(resolved):
        if not (target.exists() and os.path.samefile(path, target)):
            copyfile(path, target)
    else:
        nodes.fetch(access.address(resolved), target)
    with target.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha1").hexdigest()
    return {**place, "checksum": f"sha1${checksum}", "size": target.stat().st_size}


def left(outputs: Any, access: Access, nodes: Nodes) -> Any:
    """Leave the files where they are: their locations are addresses of nodes. Directories have their listings alone.

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
            one["location"] = nodes.shown(access.address(location))

    visit_class(outputs, _CLASSES, settle)
    return outputs
