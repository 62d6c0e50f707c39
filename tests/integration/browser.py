"""A real browser, Debian's chromium, that is driven in a thread and whose complaints are noted."""

import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

T = TypeVar("T")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LIMIT = 30_000
"""Milliseconds that something may take to appear."""

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here: apt-get install chromium")


class Look:
    """A window, and what went wrong in it. *expected*: parts of addresses and messages that may."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        self.expected: list[str] = []
        page.set_default_timeout(LIMIT)
        page.on("console", lambda said: self._note(said.type in ("error", "warning"), said.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("request", lambda one: self._note(not one.url.startswith((url, "blob:")), f"elsewhere: {one.url}"))
        page.on("response", lambda one: self._note(one.status >= 400, f"{one.status} {one.url}"))

    def go(self, path: str = "") -> None:
        """Go to a page."""
        self.page.goto(f"{self.url}/ui/{path}")

    def _note(self, is_fault: bool, text: str) -> None:
        if is_fault and not any(part in text for part in self.expected):
            self.faults.append(text)


@contextmanager
def window(url: str, **options: Any) -> Iterator[Look]:
    """A window of a browser of its own; at the end nothing may have gone wrong in it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it need not be there

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            look = Look(browser.new_context(**options).new_page(), url)
            yield look
            assert not look.faults, "\n".join(look.faults)
        finally:
            browser.close()


def in_browser(url: str, steps: Callable[[Look], T], **options: Any) -> Awaitable[T]:
    """What *steps* comes to, which are done in a thread."""

    def run() -> T:
        with window(url, **options) as look:
            return steps(look)

    done: Deferred[T] = deferToThread(run)
    return done
