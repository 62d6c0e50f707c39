"""What ``awe top`` knows, and what its keys do. It asks no server: it is told, and says what to ask for."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from awed.cli.lookup import Line
from awed.cli.words import STATES, worker_name
from awed.model.client import Client
from awed.model.job import Job
from awed.model.states import ACTIVE, ClientState, JobState
from awed.wire.jobs import JobLine, whole_line


class News(Struct):
    """What the server said last. *hidden*: how many workers one may not see. *why*, *lines*: of the job that is
    *opened*, why it is not done and what its commands wrote last. *fault*: why it said nothing."""

    counts: Mapping[str, Mapping[str, int]] = {}
    is_suspended: bool = False
    jobs: Sequence[JobLine] = ()
    total: int = 0
    workers: Sequence[Client] = ()
    hidden: int = 0
    opened: Job | None = None
    why: str = ""
    lines: Sequence[str] = ()
    fault: str = ""


class Wish(Struct, frozen=True):
    """What the server is to be asked for: jobs whose name has these *words*, and the job that is *opened*."""

    words: str = ""
    opened: str = ""


class Act(Struct, frozen=True):
    """A change: the *question* to ask before it is made, the *path* to PUT, and what to say when it is *done*."""

    question: str
    path: str
    done: str


class Board:
    """What the screen shows, from its first line, *title*, on.

    *told*: a fault, or what came of a change. *typed*: the words that are being typed, None while no words are.
    *asked*: the change that waits for yes or no. *among_workers*: whether a worker is chosen, not a job.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.news = News()
        self.wish = Wish()
        self.told = ""
        self.typed: str | None = None
        self.asked: Act | None = None
        self.among_workers = False
        self.closed = False
        self._chosen = {False: "", True: ""}

    def hear(self, news: News) -> None:
        """Take what the server said."""
        self.news = msgspec.structs.replace(self.news, fault=news.fault) if news.fault else news

    def tell(self, text: str) -> None:
        """Show what came of a change, until the next key."""
        self.told = text

    def press(self, key: str) -> Act | None:
        """Do what a key stands for. Returns the change that the user wants made."""
        self.told = ""
        if self.asked is not None:
            act, self.asked = self.asked, None
            return act if key in ("y", "Y") else None
        if self.typed is not None:
            self._type(key)
            return None
        match key:
            case "q":
                self.closed = True
            case "s":
                self.asked = self._suspending()
            case "escape" | "delete":
                self.wish = Wish(self.wish.words)
            case _ if not self.wish.opened:
                self._move(key)
        return None

    def _move(self, key: str) -> None:
        match key:
            case "up" | "k":
                self._choose(-1)
            case "down" | "j":
                self._choose(1)
            case "page up":
                self._choose(-10)
            case "page down":
                self._choose(10)
            case "tab":
                self.among_workers = not self.among_workers
            case "/":
                self.typed = self.wish.words
            case "enter" if not self.among_workers and self.news.jobs:
                self.wish = Wish(self.wish.words, self.news.jobs[self.place()].id)

    def _type(self, key: str) -> None:
        """Take a key of the words to filter by."""
        assert self.typed is not None
        match key:
            case "enter":
                self.wish, self.typed = Wish(self.typed), None
            case "escape":
                self.wish, self.typed = Wish(), None
            case "delete":
                self.typed = self.typed[:-1]
            case _ if len(key) == 1:
                self.typed += key

    def _ids(self) -> list[str]:
        if self.among_workers:
            return [client.id for client in self.news.workers]
        return [job.id for job in self.news.jobs]

    def place(self) -> int:
        """The place of the job or worker that is chosen; the first if that one is gone."""
        chosen = self._chosen[self.among_workers]
        return next((place for place, ident in enumerate(self._ids()) if ident == chosen), 0)

    def _choose(self, steps: int) -> None:
        if ids := self._ids():
            self._chosen[self.among_workers] = ids[max(0, min(len(ids) - 1, self.place() + steps))]

    def opened(self) -> Job | None:
        """The job that is open, once the server has told of it."""
        job = self.news.opened
        return job if job is not None and job.id == self.wish.opened else None

    def _suspending(self) -> Act | None:
        """The question whether to suspend or resume what is chosen; None, and a message, if that cannot be."""
        if self.wish.opened:
            opened = self.opened()
            return self._suspending_job(whole_line(opened) if opened else None)
        if not self.among_workers:
            return self._suspending_job(self.news.jobs[self.place()] if self.news.jobs else None)
        if not self.news.workers:
            return None
        client = self.news.workers[self.place()]
        verb = "Resume" if client.status is ClientState.SUSPEND else "Suspend"
        return _act(verb, f"worker {worker_name(client)}", f"/client/{client.id}")

    def _suspending_job(self, job: JobLine | None) -> Act | None:
        if job is None:
            return None
        label = Line(job.id, job.name).label
        if job.state is JobState.SUSPEND or job.state in ACTIVE:
            return _act("Resume" if job.state is JobState.SUSPEND else "Suspend", label, f"/job/{job.id}")
        self.told = f"{label} is {STATES[job.state]}: there is nothing to suspend"
        return None


def _act(verb: str, label: str, path: str) -> Act:
    return Act(f"{verb} {label}", f"{path}?{verb.lower()}", f"{label}: {verb.lower().removesuffix('e')}ed")
