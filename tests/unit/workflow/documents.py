"""Documents for the tests of this package: how they are made, and how they are read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from awed.model.errors import Invalid
from awed.model.job import Job
from awed.workflow.reader import read_submission
from awed.workflow.submission import Submission

NOW = datetime(2026, 11, 23, 20, 41, 5, tzinfo=UTC)
JOB_ID = "128068d0-9ebf-4027-a1c9-1578d354c940"
NODE = "522771dc-36e1-4abf-93db-1a343bc1855a"
OWN = "http://127.0.0.1:8001"


def task(taskid: object = "0", **fields: object) -> dict[str, Any]:
    """A task as it stands in a document."""
    return {"taskid": taskid, "cmd": {"name": "app"}, **fields}


def document(*tasks: object, **fields: object) -> dict[str, Any]:
    """A document of *tasks*, or of one simple task."""
    return {"tasks": list(tasks or [task()]), **fields}


def submission(document: object) -> Submission:
    """What the reader makes of *document*."""
    body = json.dumps(document).encode()
    return read_submission(body, now=NOW, new_id=lambda: JOB_ID, own_hosts=frozenset({OWN + "/"}))


def job(*tasks: object, **fields: object) -> Job:
    """The job that a document of *tasks* becomes."""
    return submission(document(*tasks, **fields)).job


def faults(*tasks: object, **fields: object) -> list[str]:
    """All that is wrong with a document of *tasks*."""
    with pytest.raises(Invalid) as refused:
        submission(document(*tasks, **fields))
    return refused.value.texts
