"""The form of ``POST /node`` and ``PUT /node/<id>``, read into a :class:`~awed.nodes.change.Change`."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from awed.model.errors import Invalid
from awed.model.node import LONGEST_ATTRIBUTES
from awed.model.quantities import parse_duration
from awed.model.times import NO_TIME
from awed.nodes.change import Change, CloseParts, CopyOf, Declare, Fill, FromUrl, JoinOf, KnownAs, SubsetOf, Whole
from awed.nodes.indexing import SubsetIndex
from awed.nodes.packing import ARCHIVES
from awed.nodes.unpacking import FORMATS
from awed.web.form import Form, Part
from awed.wire.json import plain
from awed.workflow.faults import walk

MOST_NESTED = 200
"""Levels that attributes may have, so that all JSON parsers can read them."""

_FILES = frozenset({"upload", "gzip", "bzip2", "attributes", "subset_indices"})
_TEXTS = frozenset(
    {
        *("parts", "compression", "copy_data", "copy_attributes", "copy_indexes", "parent_node", "parent_index"),
        *("attributes_str", "file_name", "format", "tags", "priority", "expiration", "remove_expiration"),
        *("linkage", "ids", "operation", "type", "source", "checksum-md5", "unpack_node", "archive_format"),
        "upload_url",
    }
)
_OF_ARCHIVE = frozenset({"download_url", "ids", "archive_format", "file_name"})
NAMES = (*sorted(_FILES | _TEXTS | _OF_ARCHIVE), "1", "2")
"""The fields that a form may have. Those called by a number, of which there may be more, are parts of a file."""

_UNSUPPORTED = frozenset({"path", "action", "file_lock", "file_unlock", "clear_revisions"})
_PART = re.compile(r"[1-9][0-9]{0,8}\Z")


async def read_change(form: Form, now: datetime) -> Change:
    """The change that *form* asks for. A body that is no form is the file.

    Raises :class:`~awed.model.errors.Invalid` for unknown or contradictory fields, and what reading the parts raises.
    """
    if form.plain is not None:
        form.plain.filename = "filename"
        return Change(fill=Whole(form.plain))
    for part in form.parts:
        _check_field(part)
    return Change(
        fill=_fill(form),
        parts={int(part.name): part for part in form.parts if _PART.match(part.name)},
        attributes=await _attributes(form),
        file_name=form.text("file_name") or "",
        format=form.text("format") or "",
        tags=[tag for tag in (form.text("tags") or "").split(",") if tag],
        priority=_priority(form.text("priority")),
        expiration=_expiration(form, now),
        linkage=_linkage(form),
    )


class SubsetForm(Struct, frozen=True):
    """The form of ``PUT /node/<id>/index/subset``."""

    index_name: Annotated[Part | None, "The name of the new index."] = None
    parent_index: Annotated[Part | None, "The index whose units it has."] = None
    subset_indices: Annotated[Part | None, "The numbers of those units."] = None

    @property
    def name(self) -> str:
        """The name of the new index, "" if it is missing."""
        return self.index_name.text() if self.index_name else ""

    def source(self) -> SubsetIndex:
        """The units of the index. Raises :class:`~awed.model.errors.Invalid` if the file is missing."""
        parent = self.parent_index.text() if self.parent_index else ""
        return SubsetIndex(parent, need_file(self.subset_indices, "subset_indices"))


def archive_of(form: Form) -> tuple[str, str] | None:
    """The id of the node whose file is to be unpacked into new nodes, and its format; None if that is not asked for.

    Raises :class:`~awed.model.errors.Invalid` for an unknown format.
    """
    node_id = form.text("unpack_node")
    if node_id is None:
        return None
    return node_id, _one_of(FORMATS, form.text("archive_format") or "")


def archive_asked(form: Form) -> tuple[list[str], str, str] | None:
    """The ids of the nodes whose files an archive is to have, its kind and its name; None if that is not asked for.

    Raises :class:`~awed.model.errors.Invalid` for other fields beside these.
    """
    if form.get("download_url") is None:
        return None
    for part in form.parts:
        if part.name not in _OF_ARCHIVE:
            raise Invalid(f"form field {part.name} means nothing beside download_url")
    node_ids = [node_id for node_id in dict.fromkeys((form.text("ids") or "").split(",")) if node_id]
    return node_ids, _one_of(ARCHIVES, form.text("archive_format") or ARCHIVES[0]), form.text("file_name") or ""


def _one_of(formats: tuple[str, ...], found: str) -> str:
    if found not in formats:
        raise Invalid(f"archive_format must be one of {', '.join(formats)}, found: {found}")
    return found


def need_file(part: Part | None, name: str) -> Part:
    """*part*, which must be a file. Raises :class:`~awed.model.errors.Invalid`, with *name*, if it is not."""
    if part is None or part.filename is None:
        raise Invalid(f"the form lacks the file {name}")
    return part


def _check_field(part: Part) -> None:
    if part.name in _UNSUPPORTED:
        raise Invalid(f"form field {part.name} is not supported by this node store")
    is_file = part.name in _FILES or _PART.match(part.name)
    if not is_file and part.name not in _TEXTS:
        raise Invalid(f"unknown form field {part.name}")
    if bool(is_file) != (part.filename is not None):
        raise Invalid(f"form field {part.name} must be a {'file' if is_file else 'text'}")


def _fill(form: Form) -> Fill | None:
    ways: dict[str, Callable[[str], Fill]] = {
        "upload": lambda name: _whole(form, name, ""),
        "gzip": lambda name: _whole(form, name, "gzip"),
        "bzip2": lambda name: _whole(form, name, "bzip2"),
        "upload_url": lambda name: FromUrl(form.text(name) or ""),
        "parts": lambda name: _parts(form.text(name) or "", form.text("compression") or ""),
        "copy_data": lambda name: CopyOf(
            form.text(name) or "", form.get("copy_attributes") is not None, form.get("copy_indexes") is not None
        ),
        "parent_node": lambda _: _subset(form),
        "type": lambda name: _virtual(form.text(name) or "", form.text("source") or ""),
        "checksum-md5": lambda name: KnownAs(form.text(name) or ""),
    }
    if form.get("parent_node") is not None and form.text("type") == "subset":
        del ways["type"]  # it repeats what parent_node says
    chosen = [name for part in form.parts for name in ways if part.name == name]
    if len(chosen) > 1:
        raise Invalid(f"a node gets its file in one way, not by {' and '.join(chosen)}")
    return ways[chosen[0]](chosen[0]) if chosen else None


def _whole(form: Form, name: str, compression: str) -> Whole:
    part = form.get(name)
    assert part is not None
    return Whole(part, compression)


def _parts(number: str, compression: str) -> Declare | CloseParts:
    if compression not in ("", "gzip", "bzip2"):
        raise Invalid(f"compression must be gzip or bzip2, found: {compression}")
    match number:
        case "close":
            return CloseParts()
        case "unknown":
            return Declare(0, compression)
        case _ if _PART.match(number):
            return Declare(int(number), compression)
    raise Invalid(f"parts must be a number from 1 up, unknown or close, found: {number}")


def _subset(form: Form) -> SubsetOf:
    if form.get("parent_index") is None:
        raise Invalid("a subset needs parent_node, parent_index and the file subset_indices")
    indices = need_file(form.get("subset_indices"), "subset_indices")
    return SubsetOf(form.text("parent_node") or "", form.text("parent_index") or "", indices)


def _virtual(kind: str, source: str) -> JoinOf:
    sources = [node_id for node_id in source.split(",") if node_id]
    if kind != "virtual" or not sources:
        raise Invalid("type=virtual with source=id,id,... is the only type that a node is given")
    return JoinOf(sources)


async def _attributes(form: Form) -> Any:
    file, text = form.get("attributes"), form.get("attributes_str")
    if file is not None and text is not None:
        raise Invalid("attributes and attributes_str are two ways to say the same, send one")
    part = file or text
    if part is None:
        return UNSET
    try:
        attributes = msgspec.json.decode(plain(await part.read(LONGEST_ATTRIBUTES)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{part.name} is not JSON: {error}") from None
    except RecursionError:
        raise _nested(part) from None
    if any(len(place) > MOST_NESTED for place, _ in walk(attributes, ())):
        raise _nested(part)
    return attributes


def _nested(part: Part) -> Invalid:
    return Invalid(f"{part.name} is nested more than {MOST_NESTED} levels deep")


def _priority(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise Invalid(f"priority must be an integer, found: {text}") from None


def _expiration(form: Form, now: datetime) -> datetime | UnsetType:
    if form.get("remove_expiration") is not None:
        return NO_TIME
    text = form.text("expiration")
    if text is None:
        return UNSET
    try:
        return now + parse_duration(text)
    except ValueError:
        raise Invalid(f"expiration must be a number followed by M, H or D, found: {text}") from None


def _linkage(form: Form) -> dict[str, Any] | None:
    relation = form.text("linkage")
    if relation is None:
        return None
    ids = [node_id for node_id in (form.text("ids") or "").split(",") if node_id]
    return {"relation": relation, "ids": ids, "operation": form.text("operation") or ""}
