"""Errors of the database do not show the data that was to be written."""

import pytest
from pymongo.errors import BulkWriteError

from awed.model.errors import Superseded, Unavailable
from awed.store.mongo.database import translated_errors


def test_an_error_of_a_write_does_not_tell_the_documents() -> None:
    fault = {"code": 50, "errmsg": "time limit", "op": {"_id": 1, "token": "SECRET"}}
    with pytest.raises(Unavailable, match=r"^database: no quorum; time limit$"), translated_errors():
        raise BulkWriteError({"writeErrors": [fault], "writeConcernErrors": [{"errmsg": "no quorum"}]})


def test_the_fence_of_another_daemon_is_known_by_its_code() -> None:
    with pytest.raises(Superseded), translated_errors():
        raise BulkWriteError({"writeErrors": [{"code": 11000, "errmsg": "duplicate key"}]})
