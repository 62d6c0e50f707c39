"""Simulated users and workers, as fast as they can be, and a ledger of what was acknowledged to them."""

import json
import random
import threading
import uuid
from collections import Counter

from tests.integration.crash.server import Answer, Away, Connection, Server

EMPTY_HANDED = {"No eligible workunit found", "Server queue is empty", "Client busy"}


class Ledger:
    """Everything that was acknowledged, by all actors; and whatever contradicts it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.jobs: dict[str, int] = {}
        """Acknowledged jobs: how many workunits each has."""
        self.done: dict[str, str] = {}
        """Workunits whose result was acknowledged: the stdout that went with it."""
        self.sent: dict[str, set[str]] = {}
        """All results that were sent, acknowledged or not."""
        self.faults: list[str] = []
        self.numbers: Counter[str] = Counter()

    def submitted(self, job_id: str, works: int) -> None:
        with self._lock:
            self.jobs[job_id] = works
            self.numbers["jobs acknowledged"] += 1

    def checked_out(self, wuid: str) -> None:
        with self._lock:
            self.numbers["checkouts"] += 1
            if wuid in self.done:
                self.faults.append(f"{wuid} was handed out after its result was acknowledged")

    def sending(self, wuid: str, output: str) -> None:
        with self._lock:
            self.sent.setdefault(wuid, set()).add(output)

    def finished(self, wuid: str, output: str) -> None:
        with self._lock:
            self.numbers["results acknowledged"] += 1
            if wuid in self.done:
                self.faults.append(f"two results of {wuid} were acknowledged")
            self.done[wuid] = output

    def fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)


class Actor(threading.Thread):
    """Acts again and again until it is told to stop; waits while the daemon is away."""

    def __init__(self, server: Server, ledger: Ledger, up: threading.Event, seed: int) -> None:
        super().__init__(daemon=True)
        self._http = Connection(server)
        self._ledger = ledger
        self._up = up
        self._random = random.Random(seed)
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._up.wait()
            try:
                self.act()
            except Away:
                self._ledger.numbers["requests cut off"] += 1
                self._stopping.wait(0.02)
            except Exception as error:
                self._ledger.fault(f"{type(self).__name__}: {error!r}")
                return
        self._http.close()

    def act(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._stopping.set()

    def expect(self, answer: Answer, *others: str) -> bool:
        """Whether it is a 200; anything but one of the *others* texts is a fault then."""
        if answer.status != 200 and answer.error not in others:
            self._ledger.fault(f"{type(self).__name__}: unexpected answer {answer}")
        return answer.status == 200


class Submitter(Actor):
    """Submits jobs of random shapes."""

    def act(self) -> None:
        if len(self._ledger.jobs) - self._ledger.numbers["results acknowledged"] / 4 > 200:
            self._stopping.wait(0.05)
            return
        widths = [self._random.choice([1, 1, 1, 3]) for _ in range(self._random.randint(1, 4))]
        tasks = [
            {
                "taskid": str(n),
                "cmd": {"name": "true"},
                "totalwork": width,
                "dependsOn": [str(before) for before in range(n) if self._random.random() < 0.4],
            }
            for n, width in enumerate(widths)
        ]
        document = json.dumps({"info": {"name": "crash"}, "tasks": tasks}).encode()
        answer = self._http.ask("POST", "/job", part=("upload", document))
        if self.expect(answer):
            self._ledger.submitted(answer.data["id"], sum(widths))


class Worker(Actor):
    """Takes work and reports it done, as awed's own worker does: repeats what got no answer."""

    def __init__(self, server: Server, ledger: Ledger, up: threading.Event, seed: int) -> None:
        super().__init__(server, ledger, up, seed)
        self._id = str(uuid.uuid4())
        self._held: tuple[str, int, str] | None = None
        self._register_again = True

    def act(self) -> None:
        if self._register_again:
            self._register()
        elif self._held is None:
            self._check_out()
        else:
            self._report(*self._held)

    def _register(self) -> None:
        work = [self._held[0]] if self._held else []
        profile = {"id": self._id, "name": "crash", "apps": ["*"], "current_work": {"data": work}}
        answer = self._http.ask("POST", "/client", part=("profile", json.dumps(profile).encode()))
        self._register_again = not self.expect(answer)

    def _check_out(self) -> None:
        query = {"client": self._id, "wait": "0.2"}
        answer = self._http.ask("GET", "/work", query)
        if answer.error == "Client not found":
            self._register_again = True
        elif self.expect(answer, *EMPTY_HANDED):
            wuid = answer.data["wuid"]
            self._ledger.checked_out(wuid)
            self._held = (wuid, answer.data["attempt"], f"output {uuid.uuid4()}")
            if self._random.random() < 0.05:
                self._held, self._register_again = None, True  # as a worker that was killed and started again

    def _report(self, wuid: str, attempt: int, output: str) -> None:
        self._ledger.sending(wuid, output)
        query = {"client": self._id, "status": "done", "attempt": str(attempt)}
        answer = self._http.ask("PUT", f"/work/{wuid}", query, part=("stdout", output.encode()))
        self._held = None
        if answer.status == 409:
            self._ledger.numbers["results refused as late"] += 1
        elif answer.error == "Client not found":
            self._register_again = True
        elif self.expect(answer):
            self._ledger.finished(wuid, output)
