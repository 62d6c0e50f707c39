"""What is asked of the server for a batch of calls: their job is made, its outcomes are fetched, it is deleted."""

import warnings
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import msgspec
from msgspec import Struct

from awed.client import jobs as calls
from awed.client import submission
from awed.client.batch import Batch
from awed.client.blocking import Server, patiently
from awed.client.calls import Call
from awed.client.functions import CALLS, TASK, large, said, task_of
from awed.client.handle import JobFailed
from awed.client.outputs import kept_outputs
from awed.model.errors import AwedError, NotFound
from awed.model.ids import task_id, work_id
from awed.model.resources import Said
from awed.model.states import ACTIVE, JobState


class Errands(Struct, frozen=True):
    """Done by any thread; each takes as long as the server does, and waits for one that is away.

    *group*, *resources*, *python*: as of :class:`~awed.client.executor.AweExecutor`. *closed* is called when a batch
    is settled, before its job is deleted; *deleted*, afterwards.
    """

    server: Server
    group: str
    resources: Said
    python: str
    closed: Callable[[Batch], None]
    deleted: Callable[[], None]

    def send(self, batch: Batch) -> None:
        """Make the job, unless all of it was cancelled."""
        with batch.sending:
            if batch.is_closed:
                return
            try:
                file = {} if batch.calls.is_small else patiently(partial(self._uploaded, batch.calls.data))
                batch.node = file.get("node", "")
                task = task_of(batch.calls, batch.size, file, self.resources, self.python)
                info = {"name": batch.name, "clientgroups": self.group}
                sent = {"id": batch.id, "info": info, "tasks": [task]}
                text = msgspec.json.encode(sent)
                _, remarks = patiently(partial(submission.submit, self.server, "call.json", text, key=batch.id))
                batch.is_sent = True
                for remark in remarks:  # that no worker can run it, above all
                    warnings.warn(f"{batch.name}: {remark.text}", stacklevel=1)
                return
            except Exception as error:
                batch.fail(error)
        self.close(batch)

    def look(self, batch: Batch) -> None:
        """See whether the job has ended."""
        try:
            state = self.server.persist(calls.job(batch.id)).state
        except AwedError as error:
            if isinstance(error, NotFound) and not batch.is_sent:
                return  # it is still to be made
            batch.fail(error)
            self.close(batch)
        else:
            if state not in ACTIVE:
                self.end(batch, state)

    def fetch(self, batch: Batch, rank: int) -> None:
        """Settle the future of a workunit that is done, while others of its job go on."""
        if batch.has_ended:
            return  # all are fetched at once
        try:
            text = self.server.persist(calls.log(work_id(task_id(batch.id, TASK), rank), "stdout"))
        except AwedError:
            return  # the job has been deleted, or its end will tell
        if (outcome := said(text)) is not None:
            batch.settle(rank, outcome)

    def end(self, batch: Batch, state: JobState) -> None:
        """Settle all futures of a job that has ended, and delete it."""
        try:
            if state is JobState.COMPLETED:
                self._fetch_all(batch)
            elif state is JobState.SUSPEND:
                raise JobFailed(f"job {batch.id} {self.server.persist(calls.explained(batch.id)).why}")
            else:
                raise JobFailed(f"job {batch.id} was deleted")
        except Exception as error:
            batch.fail(error)
        self.close(batch)

    def close(self, batch: Batch) -> None:
        """Delete a job of which all futures are settled, and the file with its calls."""
        with batch.sending:
            if batch.is_closed:
                return
            batch.is_closed = True
            self.closed(batch)
            deletions: list[Call[Any]] = [calls.delete(batch.id, full=True)]
            if batch.node:
                deletions.append(calls.delete_node(batch.node))
            try:
                for deletion in deletions:
                    self._delete(deletion, batch)
            finally:
                self.deleted()

    def _delete(self, deletion: Call[Any], batch: Batch) -> None:
        try:
            self.server.persist(deletion)
        except NotFound:
            return  # never made, or somebody deleted it
        except AwedError as error:
            warnings.warn(f"job {batch.id} of {batch.name} is not deleted: {error}", stacklevel=1)

    def _fetch_all(self, batch: Batch) -> None:
        if not batch.open:
            return
        are_large = False
        for task in self.server.persist(calls.logs(batch.id)).tasks:
            for work in task.workunits:
                outcome = said(work.logs.get("stdout", ""))
                if outcome is None:
                    are_large = True
                else:
                    batch.settle(work.rank, outcome)
        if are_large:
            for url in kept_outputs(self.server.persist(calls.job(batch.id))).values():
                for rank, outcome in large(patiently(partial(self._downloaded, url))):
                    batch.settle(rank, outcome)
        batch.fail(RuntimeError(f"job {batch.id} is done, and has no outcome of the call"))

    def _uploaded(self, data: bytes) -> dict[str, str]:
        return submission.uploaded(self.server, CALLS, data)

    def _downloaded(self, url: str) -> bytes:
        file = BytesIO()
        self.server.download(url, file)
        return file.getvalue()
