"""What a crate says as a whole: of the server, the owner and the license, and how the job ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from awed import __version__
from awed.crates.terms import (
    COMPLETED,
    CRATE,
    DOCUMENT,
    FAILED,
    METADATA,
    README,
    WORKFLOW_CRATE,
    Entity,
    given,
    iso,
    ref,
    refs,
)
from awed.model.access import PUBLIC
from awed.model.job import Job
from awed.model.states import JobState
from awed.model.times import NO_TIME

OWNER, LICENSE, LANGUAGE = "#owner", "#license", "#language"
"""Ids of the owner, the license, and the language of the workflow."""

_NO_LICENSE = "No license was stated. The owner of the job can tell."

_CWL = {"name": "Common Workflow Language", "alternateName": "CWL", "url": "https://www.commonwl.org/"}


class Site(NamedTuple):
    """The server that makes a crate: its address and its title; and the time of making."""

    base: str
    title: str
    now: datetime

    @property
    def engine(self) -> str:
        """The id of the server's software."""
        return f"{self.base}/#awed"

    def software(self, entity_id: str, name: str, version: str) -> Entity:
        """The entity of a part of awed."""
        named = {"name": name, "softwareVersion": version, "url": f"{self.base}/"}
        return {"@id": entity_id, "@type": "SoftwareApplication", **named}

    def language(self, is_cwl: bool) -> Entity:
        """The entity of the language of a workflow."""
        described = _CWL if is_cwl else {"name": "AWE job document", "url": f"{self.base}/openapi.json"}
        return {"@id": LANGUAGE, "@type": "ComputerLanguage", **described}


def name_of(job: Job) -> str:
    """What a job is called."""
    return job.info.name or job.id


def told_of(job: Job, site: Site) -> str:
    """What its crate tells, in a sentence."""
    return f"What job {job.id} of {site.title} ({site.base}) ran, and what became of it: {job.state}."


def setting(job: Job, owner: str, site: Site, is_workflow: bool) -> Iterator[Entity]:
    """The entities that do not depend on what ran."""
    conforms = refs([CRATE, WORKFLOW_CRATE] if is_workflow else [CRATE])
    yield {"@id": METADATA, "@type": "CreativeWork", "about": ref("./"), "conformsTo": conforms}
    yield {"@id": f"{site.base}/", "@type": "Organization", "name": site.title, "url": f"{site.base}/"}
    unnamed = "It was submitted without a name." if owner == PUBLIC else ""
    yield given({"@id": OWNER, "@type": "Person", "name": owner, "description": unnamed})
    yield {"@id": LICENSE, "@type": "CreativeWork", "name": str(job.info.userattr.get("license") or _NO_LICENSE)}
    yield site.software(site.engine, "awed", __version__)
    document = {"@id": DOCUMENT, "@type": "File", "name": f"The document of job {job.id}, as the server showed it"}
    yield {**document, "encodingFormat": "application/json"}
    readme = {"@id": README, "@type": "File", "name": "What this crate is"}
    yield {**readme, "encodingFormat": "text/markdown", "about": ref("./")}


def readme(job: Job, site: Site) -> str:
    """What a crate says of itself to people."""
    return (
        f"# {name_of(job)}\n\n{told_of(job, site)}\n\n"
        f"This is an RO-Crate (https://w3id.org/ro/crate), made by awed {__version__} at {iso(site.now)}.\n"
        f"{METADATA} says what ran, when and for whom, with commands, files and how it ended;\n"
        f"{DOCUMENT} is the job's document. Files are named by their addresses unless they are in the crate.\n"
    )


def span_of(job: Job) -> Entity:
    """When *job* began and ended, or was suspended."""
    ended = job.info.completedtime if job.info.completedtime != NO_TIME else job.updatetime
    return {"startTime": iso(job.info.startedtime), "endTime": iso(ended)}


def outcome_of(job: Job) -> Entity:
    """Whether *job* went well, and why not."""
    if job.state is JobState.COMPLETED:
        return {"actionStatus": COMPLETED}
    said = (job.error.servernotes, job.error.worknotes, job.error.apperror) if job.error else ()
    return {"actionStatus": FAILED, "error": "\n".join(filter(None, said)) or job.notes or job.state}
