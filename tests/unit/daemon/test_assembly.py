"""What the parts are given of the configuration."""

import pytest

from awed.config import parse_config
from awed.daemon.assembly import metrics_for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "public"),
        ("[Anonymous]\nread = false", "token"),
        ("[Ports]\nlisten = tcp:8001", "token"),
        ("[Ports]\nlisten = tcp:8001\n[Security]\nmetrics = public", "public"),
        ("[Security]\nmetrics = admin", "admin"),
    ],
)
def test_metrics_are_everybodys_where_only_this_machine_may_look(text: str, expected: str) -> None:
    assert metrics_for(parse_config(text, "test").config) == expected
