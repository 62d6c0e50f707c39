"""``awe top``: the queue, jobs and workers on the whole screen, as they change."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import NoReturn
from urllib.parse import urlencode

import click
import msgspec
from rich.live import Live

from awed.cli.board import Act, Board, News, Wish
from awed.cli.boardview import render
from awed.cli.errors import Mistake
from awed.cli.keys import pressed, single_keys
from awed.cli.lastlines import last_lines
from awed.cli.options import pass_server
from awed.cli.selection import Conditions, conditions_options
from awed.cli.table import screen
from awed.client import events as feed
from awed.client import jobs as calls
from awed.client.blocking import Server
from awed.model.errors import AwedError, Gone, NotFound, Unavailable
from awed.model.times import now
from awed.wire.jobs import JobLine

_MOST = 50
"""Jobs that are asked for."""

_OFTEN = 5.0
"""Seconds after which the server is looked at, if nothing happens."""

_LEAST = 0.5
"""Seconds between two looks at the server, however much happens."""

_SHARE = 3
"""The pause after a look is at least so many times as long as the look took."""

_AGING = 1.0
"""Seconds after which the screen is made anew, for times that go on."""

_UNFINISHED = ("active", "suspended")


@click.command()
@conditions_options
@pass_server
def top(server: Server, conditions: Conditions) -> None:
    """Show queue, jobs and workers as they change, on the whole terminal.

    Of jobs those that are not done, or those that the options select. Keys: see the last line.
    """
    if not (sys.stdin.isatty() and screen().is_terminal):
        raise Mistake("awe top needs a terminal; awe queue, awe jobs and awe workers print tables")
    if not conditions.states:
        conditions = msgspec.structs.replace(conditions, states=_UNFINISHED)
    _Top(server, conditions).run()


class _Top:
    """The screen, and threads that hear of events, look at the server, read keys and make changes.

    They put what is to happen to the board into a queue, from which the thread of the screen takes it.
    """

    def __init__(self, server: Server, conditions: Conditions) -> None:
        self._server = server
        self._conditions = conditions
        self._board = Board(server.url)
        self._came: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._due = Event()
        self._took = 0.0

    def run(self) -> None:
        """Show it until the user has enough. Raises the :class:`AwedError` with which the server refuses."""
        terminal = sys.stdin.fileno()
        with single_keys(terminal), Live(console=screen(), screen=True, auto_refresh=False) as live:
            for work in (self._hear, self._look, partial(self._read, terminal)):
                self._begin(work)
            while not self._board.closed:
                live.update(render(self._board, live.console.height, now()), refresh=True)
                with suppress(Empty):
                    self._came.get(timeout=_AGING)()

    def _begin(self, work: Callable[[], None]) -> None:
        Thread(target=self._guarded, args=(work,), daemon=True).start()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do *work*. What it raises is raised by the thread of the screen."""
        try:
            work()
        except Exception as error:
            self._came.put(partial(_raise, error))

    def _hear(self) -> None:
        last = self._server.persist(feed.events(None)).last
        while True:
            try:
                last = self._server.persist(feed.events(last, wait=feed.LONGEST_WAIT)).last
            except Gone:
                last = self._server.persist(feed.events(None)).last
            self._due.set()
            time.sleep(max(_LEAST, _SHARE * self._took))

    def _look(self) -> None:
        while True:
            self._due.clear()
            begun = time.monotonic()
            try:
                self._came.put(partial(self._board.hear, self._news(self._board.wish)))
            except Unavailable as error:
                self._came.put(partial(self._board.hear, News(fault=str(error))))
            self._took = time.monotonic() - begun
            self._due.wait(_OFTEN)

    def _news(self, wish: Wish) -> News:
        conditions = msgspec.structs.replace(self._conditions, name=wish.words or self._conditions.name)
        query = urlencode(
            {**conditions.query(), "top": "true", "order": "info.submittime", "limit": _MOST, "verbosity": "line"}
        )
        jobs = self._server.get(f"/job?{query}")
        counts = self._server.get("/queue?json").read(dict[str, dict[str, int]])
        workers = self._server.ask(calls.registered())
        news = News(
            counts,
            is_suspended=self._server.ask(calls.about()).queue_status == "suspended",
            jobs=jobs.read(list[JobLine]),
            total=jobs.total_count,
            workers=workers,
            hidden=counts.get("clients", {}).get("total", 0) - len(workers),
        )
        if wish.opened:
            with suppress(NotFound):
                news.opened = self._server.ask(calls.job(wish.opened))
                news.why = self._server.ask(calls.explained(wish.opened)).why
                news.lines = last_lines(self._server, wish.opened)
        return news

    def _read(self, terminal: int) -> None:
        for key in pressed(terminal):
            self._came.put(partial(self._press, key))
        self._came.put(partial(self._press, "q"))

    def _press(self, key: str) -> None:
        before = self._board.wish
        if act := self._board.press(key):
            self._begin(partial(self._change, act))
        if self._board.wish != before:
            self._due.set()

    def _change(self, act: Act) -> None:
        try:
            self._server.put(act.path)
            told = act.done
        except AwedError as error:
            told = str(error)
        self._came.put(partial(self._board.tell, told))
        self._due.set()


def _raise(error: Exception) -> NoReturn:
    raise error
