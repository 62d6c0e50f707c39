"""What all tests share: Hypothesis' settings, and the rule that no error may go unnoticed."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "default")


@implementer(ILogObserver)
class LoggedErrors:
    """The failures that Twisted logged during a test, unhandled ones of Deferreds among them."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def __call__(self, event: LogEvent) -> None:
        """Observe the log: new-style events carry ``log_failure``, those of ``log.err`` ``failure``."""
        failure = event.get("log_failure") or (event.get("isError") and event.get("failure"))
        if failure:
            self.failures.append(failure)

    def flush(self, *types: type[BaseException]) -> list[Failure]:
        """Take out the failures of these types: the test expected them."""
        gc.collect()
        expected = [failure for failure in self.failures if failure.check(*types)]
        self.failures = [failure for failure in self.failures if failure not in expected]
        return expected


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[LoggedErrors]:
    """Fails a test that leaves an error in the log, or a failed Deferred that nobody handled."""
    gc.freeze()  # What is here already is spared, which makes the collection after the test a matter of milliseconds.
    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    yield errors
    gc.collect()  # A failed Deferred speaks up when it is collected.
    globalLogPublisher.removeObserver(errors)
    if errors.failures:
        pytest.fail("\n".join(failure.getTraceback() for failure in errors.failures))
