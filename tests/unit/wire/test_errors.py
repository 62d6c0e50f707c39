"""Every error has one status, and an answer of that status is that error again."""

import pytest

from awed.model import errors
from awed.model.errors import AwedError
from awed.wire.errors import STATUSES, error_of, status_of

FAMILIES = [family for family in AwedError.__subclasses__() if family.__module__ == errors.__name__]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_errors_has_its_status(family: type[AwedError]) -> None:
    assert family in dict(STATUSES)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("x"), 400),
        (errors.Unimplemented("x"), 501),
        (errors.Unauthorized("x"), 401),
        (errors.JobNotFound("x"), 404),
        (errors.StaleAttempt("x"), 409),
        (errors.TooLarge("x"), 413),
        (errors.Locked("x"), 423),
        (errors.Unavailable("x"), 503),
        (errors.NoSpace("x"), 507),
        (errors.ClientNotFound(), 400),
    ],
)
def test_the_statuses(error: AwedError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_is_the_error_of_its_status(family: type[AwedError]) -> None:
    error = error_of(status_of(family("x")), ["one", "two"])
    assert type(error) is (errors.Unavailable if family is errors.NoSpace else family)
    assert error.texts == ["one", "two"]


@pytest.mark.parametrize(
    "error",
    [
        errors.ClientNotFound(),
        errors.ClientBusy(),
        errors.ClientSuspended(),
        *(errors.NoEligibleWork(), errors.QueueEmpty(), errors.QueueSuspended()),
    ],
)
def test_what_workers_must_tell_apart_has_its_text(error: AwedError) -> None:
    assert type(error_of(status_of(error), error.texts)) is type(error)


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (403, errors.Unauthorized),
        (418, errors.Invalid),
        (500, errors.Unavailable),
        (501, errors.Invalid),
        (502, errors.Unavailable),
    ],
)
def test_statuses_that_only_others_send(status: int, family: type[AwedError]) -> None:
    error = error_of(status, [])
    assert type(error) is family
    assert error.texts == [f"status {status}"]
