"""``/logger``."""

import pytest

from tests.unit.api.served import Served, data, fault


def test_what_the_codes_mean(served: Served) -> None:
    codes = data(served.call("GET", "/logger?event"))
    assert list(codes) == ["general", "server", "client", "proxy"]
    assert codes["server"]["JQ"] == "job submitted"


def test_the_debug_level_is_set_by_admins(served: Served) -> None:
    assert data(served.call("GET", "/logger?debug")) == {"debuglevel": 0}
    assert fault(served.call("PUT", "/logger?debug=2"), 401) == "No Authorization"
    assert data(served.call("PUT", "/logger?debug=2", user="root")) == {"debuglevel": 2}
    assert data(served.call("GET", "/logger?debug")) == {"debuglevel": 2}
    assert served.levels == [2]


@pytest.mark.parametrize("query", ["debug=4", "debug=-1", "debug=x", "debug", "", "event"])
def test_wrong_levels(served: Served, query: str) -> None:
    assert served.call("PUT", f"/logger?{query}", user="root").status == 400


def test_what_the_logger_does_not_have(served: Served) -> None:
    assert fault(served.call("GET", "/logger"), 501) == "Not Implemented"
    assert fault(served.call("DELETE", "/logger"), 501) == "Not Implemented"
