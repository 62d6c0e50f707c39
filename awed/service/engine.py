"""The engine: the scheduler's verbs made durable, which is what the API calls.

Each verb changes the scheduler in memory, lets the world follow (effects, events, clients that wait), and returns
when the change is durable.
"""

from awed.service.clients import ClientVerbs
from awed.service.jobs import JobVerbs
from awed.service.queue import QueueVerbs
from awed.service.readiness import ReadyVerbs
from awed.service.revisions import RevisionVerbs
from awed.service.work import WorkVerbs


class Engine(JobVerbs, RevisionVerbs, WorkVerbs, ClientVerbs, QueueVerbs, ReadyVerbs):
    """All verbs over one shell."""
