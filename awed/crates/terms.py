"""The words of RO-Crate 1.1 and of the Workflow Run RO-Crate profiles 0.5, and how entities refer to each other."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from awed.model.times import NO_TIME
from awed.web.streaming import listed

Entity = dict[str, Any]

METADATA, DOCUMENT, README = "ro-crate-metadata.json", "job.json", "README.md"
"""Names of files in a crate: its metadata, the job's document, and what is said of the crate to people."""

CONTEXT = ("https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context")
"""Where the words are explained to programs."""

TERMS = "https://w3id.org/ro/terms/workflow-run#"

CRATE, WORKFLOW_CRATE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROCESS, WORKFLOW, PROVENANCE = (
    f"https://w3id.org/ro/wfrun/{name}/0.5" for name in ("process", "workflow", "provenance")
)
PROFILES: Mapping[str, tuple[str, str]] = {
    PROCESS: ("Process Run Crate", "0.5"),
    WORKFLOW: ("Workflow Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
    PROVENANCE: ("Provenance Run Crate", "0.5"),
}
"""Name and version of each profile. Each is an extension of those before it."""

COMPUTATIONAL_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"

COMPLETED, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"


def local(name: str) -> str:
    """The id of an entity that is in its crate alone."""
    return f"#{quote(name, safe='/@:')}"


def iso(moment: datetime) -> str | None:
    """A time as the profiles want it: with milliseconds and offset. None if it has not come."""
    return None if moment == NO_TIME else moment.isoformat(timespec="milliseconds")


def ref(entity_id: str) -> Entity:
    """A reference to an entity."""
    return {"@id": entity_id}


def refs(ids: Iterable[str]) -> Any:
    """References to entities: None for none, and one alone in no list. Longer lists are made while they are sent."""
    rest = iter(ids)
    first = list(islice(rest, 2))
    if len(first) < 2:
        return ref(first[0]) if first else None
    return listed(map(ref, chain(first, rest)))


def given(entity: Entity) -> Entity:
    """*entity* without what is empty."""
    return {name: value for name, value in entity.items() if value not in (None, "")}
