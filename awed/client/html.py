"""How notebooks show a job."""

from html import escape

from awed.model.ids import task_name
from awed.model.job import Job, Task
from awed.model.states import TaskState


def job_table(job: Job) -> str:
    """A table of the tasks of *job*, with their states and how much of them is done."""
    done = sum(task.state is TaskState.COMPLETED for task in job.tasks)
    head = f"<b>{escape(job.info.name or job.id)}</b>: {job.state}, {done} of {len(job.tasks)} tasks done"
    rows = "".join(map(_row, job.tasks))
    return (
        f"<table><caption>{head}</caption><tr><th>task</th><th>state</th><th>workunits done</th></tr>{rows}</table>"
    )


def _row(task: Task) -> str:
    done = task.totalwork - task.remainwork
    cells = (task_name(task.taskid), task.state, f"{done} of {task.totalwork}")
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
