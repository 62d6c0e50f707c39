"""The guard over all tests does its work."""

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python import log

from tests.conftest import LoggedErrors


def test_a_failed_deferred_that_nobody_handled_is_caught(logged_errors: LoggedErrors) -> None:
    fail(ValueError("lost"))
    assert len(logged_errors.flush(ValueError)) == 1


def test_a_failed_coroutine_that_nobody_awaited_is_caught(logged_errors: LoggedErrors) -> None:
    async def work() -> None:
        raise ValueError("lost")

    Deferred.fromCoroutine(work())
    assert len(logged_errors.flush(ValueError)) == 1


def test_logged_failures_of_both_styles_are_caught(logged_errors: LoggedErrors) -> None:
    try:
        raise ValueError("logged")
    except ValueError:
        Logger().failure("new")
        log.err(None, "old")
    assert len(logged_errors.flush(ValueError)) == 2


def test_only_the_expected_types_are_flushed(logged_errors: LoggedErrors) -> None:
    fail(KeyError("other"))
    assert logged_errors.flush(ValueError) == []
    assert len(logged_errors.flush(KeyError)) == 1
