"""Looks into CWL documents as far as the daemon does: what is in them, and which process is to be run.

All else of CWL is the business of the runner. The documents are of strangers: they are looked at piece by piece
before anything is made of them, and what they repeat (YAML's aliases) is there once.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from awed.model.errors import Invalid, TooLarge
from awed.workflow.faults import cut, quoted
from awed.workflow.reader import DocumentLimits

LARGEST = 8 << 20
"""The most bytes of a document."""

VERSIONS = ("v1.0", "v1.1", "v1.2")
"""The versions of CWL that are run."""

CLASSES = ("CommandLineTool", "ExpressionTool", "Workflow")
"""The classes of processes that are run."""

MOST_NESTED = 100
"""Levels of lists and objects in a document."""

MOST_IN_YAML = 200_000
"""Values of a document in YAML: to read it takes many times as long as JSON, and holds all threads at times."""

MOST_ALIASES = 1000
"""How often a document in YAML may repeat a part of itself."""

MAIN = "main"
"""The id of the process of a packed document that is run, unless another one is named."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Outline(Struct, frozen=True):
    """What a document has to run: the id of the process, "" if it is the only one there, and its name for people."""

    entrypoint: str
    name: str


def outline(body: bytes, what: str, entrypoint: str, limits: DocumentLimits) -> Outline:
    """What the CWL document *body* has to run. *what* it is called in errors; *entrypoint*: the id that is asked for.

    Raises :class:`~awed.model.errors.Invalid` and :class:`~awed.model.errors.TooLarge`.
    """
    found = _mapping(body, what, limits)
    version = found.get("cwlVersion")
    if version not in VERSIONS:
        said = "is missing" if version is None else f"{_shown(version)} is not run here"
        raise Invalid(f"{what}: cwlVersion {said}, expected one of {', '.join(VERSIONS)}")
    asked = short(entrypoint)
    if "$graph" not in found:
        own = short(found.get("id", ""))
        if asked not in ("", MAIN, own):
            raise Invalid(f"entrypoint: {what} has no process {quoted(asked)}")
        return Outline("", _checked(found, what))
    graph = found["$graph"]
    if not isinstance(graph, list) or not all(isinstance(process, dict) for process in graph):
        raise Invalid(f"{what}: $graph must be a list of processes")
    processes = {short(process.get("id", "")): process for process in graph}
    chosen = asked or (MAIN if len(processes) != 1 else next(iter(processes)))
    if chosen not in processes:
        raise Invalid(f"entrypoint: {what} has no process {quoted(chosen)}, only {_some(processes)}")
    return Outline(chosen, _checked(processes[chosen], what))


def check_order(body: bytes, what: str, limits: DocumentLimits) -> None:
    """Raises :class:`~awed.model.errors.Invalid` or :class:`~awed.model.errors.TooLarge` unless *body* is an object,
    of inputs."""
    _mapping(body, what, limits)


def _checked(process: dict[str, Any], what: str) -> str:
    """The name of *process*, of which the class is checked."""
    kind = process.get("class")
    if kind not in CLASSES:
        raise Invalid(f"{what}: class {_shown(kind)} cannot be run, expected one of {', '.join(CLASSES)}")
    return next((cut(text) for name in ("label", "id") if isinstance(text := process.get(name), str) and text), "")


def short(id: object) -> str:
    """*id* without the document's name before it; "" if it is no text, which could be far larger when written out
    than it was in YAML."""
    return id.rpartition("#")[2] if isinstance(id, str) else ""


def _shown(value: object) -> str:
    return "is missing" if value is None else quoted(value if isinstance(value, str) else type(value).__name__)


def _some(names: Iterable[str]) -> str:
    first = [quoted(name) for name, _ in zip(names, range(10), strict=False)]
    return ", ".join(first) or "none"


def _mapping(body: bytes, what: str, limits: DocumentLimits) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise TooLarge(f"{what} has {len(body)} bytes, more than the {LARGEST} allowed here")
    found = _json(body, limits)
    if found is None:
        try:
            found = _yaml(body, what, limits)
        except yaml.YAMLError as error:
            told = " ".join(str(error).split())
            raise Invalid(f"{what} is neither JSON nor YAML: {told}") from None
        except UnicodeDecodeError as error:
            raise Invalid(f"{what} is not UTF-8 text: {error}") from None
    if not isinstance(found, dict):
        raise Invalid(f"{what} must be an object, with names and values")
    return found


def _json(body: bytes, limits: DocumentLimits) -> Any:
    """The document, None if it is no JSON."""
    if not body.lstrip().startswith((b"{", b"[")):
        return None
    limits.admit(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _yaml(body: bytes, what: str, limits: DocumentLimits) -> Any:
    """The document, with texts as its only scalars. Its events are counted first: to compose it costs far more."""
    text = body.decode()
    nested = values = aliases = 0
    for event in yaml.parse(text, Loader=_LOADER):
        nested += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        values += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if nested > MOST_NESTED:
            raise TooLarge(f"{what} is nested more than {MOST_NESTED} levels deep")
        if values > (most := min(limits.values, MOST_IN_YAML)) or aliases > MOST_ALIASES:
            raise TooLarge(
                f"{what} has more than {most} values or {MOST_ALIASES} aliases, as YAML; in JSON it may have more"
            )
    return _built(yaml.compose(text, Loader=_LOADER), {})


def _built(node: Any, known: dict[int, Any]) -> Any:
    """*node* as Python's values; *known*: what was made of nodes so far, as a node may be in several places."""
    if node is None or id(node) in known:
        return None if node is None else known[id(node)]
    if isinstance(node, yaml.MappingNode):
        made: Any = known.setdefault(id(node), {})
        for key, value in _pairs(node):
            made[key] = _built(value, known)
    elif isinstance(node, yaml.SequenceNode):
        made = known.setdefault(id(node), [])
        made += [_built(one, known) for one in node.value]
    else:
        made = known.setdefault(id(node), node.value)
    return made


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
    return ((key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))
