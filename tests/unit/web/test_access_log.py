"""Logs tell paths, but not those that are secrets."""

import pytest

from awed.web.access_log import logged_path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (b"/job/1", "/job/1"),
        (b"/preauth/secret", "/preauth/..."),
        (b"//preauth/secret/more", "//preauth/..."),
        (b"/preauth", "/preauth"),
        (b"/node/preauth/x", "/node/preauth/x"),
        (b"/\xff", "/\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_an_address_of_a_file_is_not_logged(path: bytes, told: str) -> None:
    assert logged_path(path) == told
