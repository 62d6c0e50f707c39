"""What the page of a job shows: which view, which task, and the addresses of the others."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from msgspec import Struct

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import ACTIVE, JobState, TaskState
from awed.tx.turns import Turns


class JobView(Struct, frozen=True):
    """A job on its page. *here*: the address of the page; *tab*: the name of the view; *chosen*: the name of the task
    whose panel is open, "" for none. *turns*: for what is made of many tasks."""

    job: Job
    now: datetime
    turns: Turns
    here: str
    tab: str
    chosen: str = ""

    @property
    def lives(self) -> bool:
        """Whether the job is active."""
        return self.job.state in ACTIVE

    @property
    def clock(self) -> datetime:
        """The end for durations of what has not ended: now, or the last change of a job that is not active."""
        return self.now if self.lives else self.job.updatetime

    def look(self, task: Task) -> str:
        """The name of the look of *task*: its state, but ``failed`` if the job is suspended because it failed."""
        error = self.job.error if task.state is TaskState.SUSPEND and self.job.state is JobState.SUSPEND else None
        return "failed" if error and error.taskfailed == task.taskid else task.state

    def tabbed(self, tab: str, **fields: object) -> str:
        """The address of the view *tab*. *fields*: of the query string; empty ones are left out."""
        return self.here + query_string({"tab": tab, **fields})

    def task(self, task: Task | str, **fields: object) -> str:
        """The address of this page with the panel of *task*, which may be given by its name. *fields*: of the query
        string; empty ones are left out."""
        name = task if isinstance(task, str) else task_name(task.taskid)
        return f"{self.here}/task/{quote(name, safe='')}{query_string({'tab': self.tab, **fields})}"


def query_string(fields: Mapping[str, object]) -> str:
    """A query string with its question mark, without empty fields; "" if there are no others."""
    given = {name: value for name, value in fields.items() if value}
    return f"?{urlencode(given)}" if given else ""


def look(job: Job) -> str:
    """The name of the job's look: its state, but ``failed`` if it is suspended because of a failure."""
    return "failed" if job.state is JobState.SUSPEND and job.error else job.state.value
