"""Jobs of the recorded documents, and a worker that runs nothing and reports what it is told."""

from collections.abc import Mapping
from typing import Any

import msgspec

from awed.model.ids import new_id
from tests.integration.conformance.api import Answer, Api
from tests.integration.conformance.recorded import document, recorded

Document = dict[str, Any]


class Bench:
    """All that one test submits and runs, in a client group of its own."""

    def __init__(self, api: Api, group: str) -> None:
        self.api = api
        self.group = group

    def document(self, exchange: str = "single_submit", **info: object) -> Document:
        """The document of the recorded submission *exchange*, for this group, with these fields of its info."""
        found = document(exchange)
        found["info"].update({"clientgroups": self.group, **info})
        return found

    async def submit(self, exchange: str = "single_submit", **info: object) -> str:
        """Submit that document: the job's id."""
        return str((await self.api.submit(self.document(exchange, **info)))["id"])

    async def job(self, job_id: str) -> Document:
        """The job as it is now."""
        found: Document = (await self.api.get(f"/job/{job_id}")).data
        return found

    async def worker(self, **profile: object) -> "Worker":
        """A registered worker."""
        name = str(profile.pop("id", new_id()))
        client = await self.api.register(id=name, group=self.group, **{"apps": ["*"], **profile})
        return Worker(self.api, client["id"])

    async def complete(self, job_id: str) -> None:
        """Run all that is left of the job."""
        worker = await self.worker()
        while (await self.job(job_id))["state"] != "completed":
            await worker.report(await worker.checkout())


class Worker:
    """A worker's side of the API."""

    def __init__(self, api: Api, client_id: str) -> None:
        self.api = api
        self.id = client_id

    async def ask(self, more: str = "") -> Answer:
        """Ask for work."""
        return await self.api.get(f"/work?client={self.id}{more}")

    async def checkout(self) -> str:
        """Take the next workunit: its id."""
        return str((await self.ask()).data["wuid"])

    async def report(
        self, work_id: str, status: str = "done", files: Mapping[str, str | bytes] | None = None, more: str = ""
    ) -> Answer:
        """End a workunit."""
        query = f"status={status}&client={self.id}&computetime=3&report{more}"
        return await self.api.call("PUT", f"/work/{work_id}?{query}", files)

    async def report_as_recorded(self, work_id: str, status: str = "done") -> Answer:
        """End a workunit with the logs and measurements of the recorded report."""
        parts = recorded("single_done").request.parts or []
        return await self.report(work_id, status, {part.name: part.content for part in parts})


def perf_sent() -> Document:
    """The measurements in the recorded report."""
    (part,) = [part for part in recorded("single_done").request.parts or [] if part.name == "perf"]
    found: Document = msgspec.json.decode(part.content)
    return found
