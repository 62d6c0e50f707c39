"""A job as one looks at it: where its views are, and which one of them is shown."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from msgspec import Struct

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import ACTIVE, JobState


class JobView(Struct, frozen=True):
    """*now*: this moment; *here*: the address of the job's page; *tab*: the view that is shown; *chosen*: the name of
    the task at its side, "" for none."""

    job: Job
    now: datetime
    here: str
    tab: str
    chosen: str = ""

    @property
    def clock(self) -> datetime:
        """Until when what has not ended takes time: in a job that stands still, until its last change."""
        return self.now if self.job.state in ACTIVE else self.job.updatetime

    def tabbed(self, tab: str, **fields: object) -> str:
        """The address of a view; empty fields are left out."""
        return self.here + query_string({"tab": tab, **fields})

    def task(self, task: Task | str) -> str:
        """The address of a task, given by itself or its name, at the side of this view."""
        name = task if isinstance(task, str) else task_name(task.taskid)
        return f"{self.here}/task/{quote(name, safe='')}{query_string({'tab': self.tab})}"


def query_string(fields: Mapping[str, object]) -> str:
    """A query string with its question mark, without empty fields; "" for nothing."""
    given = {name: value for name, value in fields.items() if value}
    return f"?{urlencode(given)}" if given else ""


def look(job: Job) -> str:
    """How the state of *job* looks: one that is suspended because something failed has a look of its own."""
    return "failed" if job.state is JobState.SUSPEND and job.error else job.state.value
