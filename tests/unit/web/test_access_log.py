"""The access log has paths, but no secrets in them."""

import pytest
from twisted.web.test.requesthelper import DummyChannel

from awed.web.body import requests_with
from awed.web.traits import Traits
from tests.unit.web.wire import BODIES


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (b"/job/1", "/job/1"),
        (b"/preauth/secret", "/preauth/..."),
        (b"//preauth/secret/more", "/preauth/..."),
        (b"/%70reauth/secret", "/%70reauth/..."),
        (b"/preauth/secret%0a", "/preauth/..."),
        (b"/preauth", "/preauth"),
        (b"/node/preauth/x", "/node/preauth/x"),
        (b"/\xff", "/\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_an_address_of_a_file_is_not_logged(path: bytes, told: str) -> None:
    request = requests_with(BODIES, {b"preauth": Traits(is_secret=True)})(DummyChannel())
    request.aim(b"GET", path)
    assert request.shown_path == told
