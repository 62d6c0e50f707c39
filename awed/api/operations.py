"""What the routes themselves do not say of each call: its parameters, its form, and what it answers.

The key is the collection and the name of the handler. The summary is the handler's docstring.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from awed.api.job_query import DISTINCT_FIELDS
from awed.api.job_views import JobLogs, JobPerf, MinimalJob
from awed.api.logger import LEVELS
from awed.api.root import FrontPage
from awed.api.work_query import ORDERS as WORK_ORDERS
from awed.model.access import Acl, ClientGroup, GroupAcl
from awed.model.client import Client, Heartbeat
from awed.model.job import Job, Task
from awed.model.node import Node, NodeIndex
from awed.model.states import WorkState
from awed.model.work import LOG_NAMES, ReportStatus, Workunit
from awed.nodes.packing import PACKINGS
from awed.scheduler.counts import QueueCounts
from awed.wire.clients import Registered
from awed.wire.reports import MAX_AT_ONCE, OneReport, Outcome
from awed.workflow.values import LONGEST_WALLTIME

Schema = dict[str, Any]


class Parameter(Struct, frozen=True):
    """One parameter of the query string. A flag counts by being there, whatever its value."""

    name: str
    about: str
    schema: Schema
    is_flag: bool = False
    required: bool = False


class Operation(Struct, frozen=True):
    """One call. *data*: the types of its answer's data; *form*: parts of its form, each a file; *body*: the type of a
    JSON body; *page*: whether the answer may be a page; *bare*: it has no envelope; *file*: it may be bytes; *media*:
    what else than JSON it is."""

    data: tuple[Any, ...] = (str,)
    query: tuple[Parameter, ...] = ()
    form: tuple[str, ...] = ()
    body: Any = None
    page: bool = False
    bare: bool = False
    file: bool = False
    media: str = "application/json"


def _text(name: str, about: str, **schema: Any) -> Parameter:
    return Parameter(name, about, {"type": "string", **schema})


def _word(name: str, about: str, words: tuple[str, ...]) -> Parameter:
    return Parameter(name, about, {"type": "string", "enum": list(words)})


def _count(name: str, about: str, **schema: Any) -> Parameter:
    return Parameter(name, about, {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, **schema})


def _flag(name: str, about: str) -> Parameter:
    return Parameter(name, about, {"type": "string"}, is_flag=True)


_PAGE = (
    _count("limit", "How many at most; 0: all.", default=25),
    _count("offset", "How many of the first to leave out.", default=0),
    _word("direction", "Which way the list goes.", ("asc", "desc")),
)
_CLIENT = _text("client", "The client's id.")
_USERS = _text("users", "Names of users, joined by commas. The types public_... need none.")
_FULL = _flag("full", "Nothing is left of it.")

_LIST_JOBS = (
    *_PAGE,
    _text("order", "By which field.", default="updatetime", pattern=r"^\w[\w-]*(\.\w[\w-]*)*$"),
    _flag("active", "Only jobs that the scheduler holds and that are not suspended."),
    _flag("suspend", "Only suspended jobs."),
    _flag("registered", "Only jobs that the scheduler holds."),
    _flag("query", "Every parameter that is not named here is a field and the values that it may have."),
    _text("date_start", "Submitted or completed then or later: a date, or an RFC 3339 time."),
    _text("date_end", "Submitted or completed before."),
    _word("distinct", "The values of this field of info, instead of jobs.", DISTINCT_FIELDS),
    _word("verbosity", "Whole jobs, or one line for each.", ("full", "minimal")),
    _text("userattr", "A user attribute for the line, repeatable."),
    _text("id_prefix", "Only jobs whose id begins like this."),
)

_CHANGE_JOB = (
    _flag("suspend", "Take its work out of the queue."),
    _flag("resume", "Put its work into the queue again."),
    _flag("recover", "Hold a job that is in the store alone."),
    _flag("register", "The same as recover."),
    _text("recompute", "Run this task, by the id that the document gave it, and all that depends on it, again."),
    _flag("resubmit", "Run all tasks again."),
    _text("clientgroup", "The groups that may run it."),
    _text("pipeline", "The pipeline that it belongs to."),
    Parameter("priority", "Higher ones go first.", {"type": "integer"}),
    _text("expiration", "How long from now it is kept after its end.", pattern="^[0-9]{1,9}[MHD]$"),
    _flag("settoken", "Take the data token from the header Datatoken."),
)

_REPORT = (
    _word("status", "How the run ended.", tuple(ReportStatus)),
    _CLIENT,
    _count("computetime", "Seconds that it took.", default=0),
    _count("attempt", "Which checkout of the workunit this is about."),
    Parameter("exitstatus", "Of the command; 42: do not try again.", {"type": "integer"}),
)

_LIST_WORK = (
    *_PAGE,
    _word("state", "Only workunits in this state.", tuple(WorkState)),
    _flag("query", "A page, in an order."),
    _text("jobid", "Only workunits of this job."),
    _word("order", "By which field.", WORK_ORDERS),
    _CLIENT,
    _count("available", "Free disk of the client in bytes."),
    Parameter("wait", "Seconds to wait for work.", {"type": "number", "minimum": 0}),
    _count("walltime", "Seconds from now until the client leaves.", maximum=LONGEST_WALLTIME),
    Parameter("max", "A list of up to so many.", {"type": "integer", "minimum": 1, "maximum": MAX_AT_ONCE}),
)

_JOB_ACL = Operation(data=(Acl,))
_GROUP_ACL = Operation(data=(GroupAcl,))

_NODE_FORM = ("upload", "attributes", "attributes_str", "file_name", "parts", "copy_data", "format", "1", "2")

OPERATIONS: Mapping[str, Operation] = {
    "root.show": Operation(data=(FrontPage,), bare=True),
    "job.submit": Operation(data=(Job,), form=("upload", "import")),
    "job.index": Operation(data=(list[Job], list[MinimalJob], list[Any]), query=_LIST_JOBS, page=True),
    "job.change_all": Operation(
        query=(_flag("resumeall", "Resume all suspended jobs."), _flag("recoverall", "Recover all; for admins."))
    ),
    "job.delete_all": Operation(
        query=(
            _flag("suspend", "All suspended jobs."),
            _flag("zombie", "All that are active in the store and unknown to the scheduler."),
            _FULL,
        )
    ),
    "job.show": Operation(
        data=(Job, JobLogs, JobPerf, dict[str, int]),
        query=(
            _flag("report", "With the logs of its workunits."),
            _flag("perf", "Its times and sizes."),
            _flag("position", "Its place in the queue, from 1."),
        ),
    ),
    "job.change": Operation(query=_CHANGE_JOB),
    "job.delete": Operation(query=(_FULL,)),
    "job.show_acl": _JOB_ACL,
    "job.change_acl": Operation(data=(Acl,), query=(_USERS,)),
    "work.index": Operation(data=(list[Workunit], Workunit), query=_LIST_WORK, page=True),
    "work.take_reports": Operation(data=(list[Outcome],), query=(_CLIENT,), body=list[OneReport]),
    "work.show": Operation(
        data=(Workunit, str, None),
        query=(
            *_REPORT,
            _flag("datatoken", "The job's data token, in the header Datatoken."),
            _flag("privateenv", "The task's private variables, in the header Privateenv."),
            _word("report", "This log.", LOG_NAMES),
        ),
    ),
    "work.change": Operation(query=_REPORT, form=("perf", "notes", *LOG_NAMES)),
    "client.register": Operation(data=(Registered,), form=("profile",)),
    "client.index": Operation(
        data=(list[Client],),
        query=(
            _flag("busy", "Only those that run work."),
            _text("group", "Only those of this group."),
            _text("status", "Only those in this state, or what stands behind its dash."),
            _text("app", "Only those with this app."),
        ),
    ),
    "client.change_all": Operation(query=(_flag("suspendall", "Suspend all."), _flag("resumeall", "Resume all."))),
    "client.show": Operation(data=(Client, Heartbeat), query=(_flag("heartbeat", "A sign of life."),)),
    "client.change": Operation(
        data=(str, Heartbeat),
        query=(
            _flag("suspend", "Give it no more work."),
            _flag("resume", "Give it work again."),
            _count("subclients", "How many workers it stands for."),
            _flag("heartbeat", "A sign of life, with what it runs in the body."),
        ),
        body=dict[str, Any],
    ),
    "client.remove": Operation(),
    "queue.show": Operation(
        data=(str, QueueCounts, dict[str, dict[str, Any]], dict[str, Task], dict[str, Client], list[MinimalJob]),
        query=(
            _flag("json", "The counters as numbers."),
            _flag("job", "The jobs; for admins."),
            _flag("task", "The tasks; for admins."),
            _flag("work", "The workunits; for admins."),
            _flag("client", "The workers; for admins."),
            _text("clientgroup", "The jobs that the workers of this group run."),
        ),
    ),
    "queue.change": Operation(query=(_flag("suspend", "Hand out no work."), _flag("resume", "Hand out work again."))),
    "cgroup.index": Operation(
        data=(list[ClientGroup],),
        query=(*_PAGE, _text("order", "By which field.", default="last_modified")),
        page=True,
    ),
    "cgroup.create": Operation(data=(ClientGroup,)),
    "cgroup.show": Operation(data=(ClientGroup,)),
    "cgroup.delete": Operation(),
    "cgroup.renew_token": Operation(data=(ClientGroup,)),
    "cgroup.show_acl": _GROUP_ACL,
    "cgroup.change_acl": Operation(data=(GroupAcl,), query=(_USERS,)),
    "logger.show": Operation(
        data=(dict[str, dict[str, str]], dict[str, int]),
        query=(_flag("event", "The codes of events."), _flag("debug", "The debug level.")),
    ),
    "logger.change": Operation(data=(dict[str, int],), query=(_word("debug", "How much is logged.", LEVELS),)),
    "metrics.show": Operation(bare=True, media="text/plain"),
    "health.show": Operation(),
    "ready.show": Operation(),
    "node.create": Operation(data=(Node,), form=_NODE_FORM),
    "node.index": Operation(
        data=(list[Node], list[Any]),
        query=(
            *_PAGE,
            _text("order", "By which field.", default="created_on"),
            _flag("query", "Other parameters match attributes."),
            _flag("querynode", "Other parameters match fields of the node."),
            _text("distinct", "The values of this field, instead of nodes."),
        ),
        page=True,
    ),
    "node.update": Operation(
        data=(Node,),
        query=(_count("attempt", "The run of a workunit that delivers; a later one may replace an earlier one's."),),
        form=_NODE_FORM,
    ),
    "node.show": Operation(
        data=(Node, dict[str, Any]),
        query=(
            _flag("download", "The file, or a part of it."),
            _flag("download_url", "An address at which anybody can download it once."),
            _flag("download_raw", "The same, without a name."),
            _text("file_name", "The name to download it under."),
            _count("seek", "Where in the file to begin, in bytes."),
            _count("length", "How many bytes."),
            _text("index", "By which index it is cut into parts."),
            _text("part", "Which parts, as a or a-b, repeatable."),
            _count("chunk_size", "Bytes of a part of the index size.", minimum=1),
            _word("compression", "Packed while it is sent.", PACKINGS),
        ),
        file=True,
    ),
    "node.delete": Operation(data=(None,)),
    "node.show_index": Operation(data=(dict[str, NodeIndex],)),
    "node.make_index": Operation(
        data=(None,),
        query=(
            _flag("upload", "Keep the index in the form's part upload."),
            _flag("force_rebuild", "Make it anew."),
            _count("number", "Of the column."),
        ),
        form=("upload", "index_name", "parent_index", "subset_indices"),
    ),
    "node.remove_index": Operation(data=(None,)),
    "node.show_acl": Operation(data=(dict[str, Any],)),
    "node.change_acl": Operation(data=(dict[str, Any],), query=(_USERS,)),
    "preauth.show": Operation(file=True),
}
