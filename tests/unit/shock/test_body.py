"""A form on its way to a host that leaves."""

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from awed.shock.body import form_body
from awed.tx.files import Slice
from awed.wire.multipart import Field
from tests.unit.web.traversal import at_once


def test_whoever_is_told_to_stop_says_nothing_more(tmp_path: Path) -> None:
    """Else a connection that breaks would look like a file that cannot be read, which is not tried again."""
    (tmp_path / "f").write_bytes(b"x" * 1_000_000)
    body = form_body([Field("upload", Slice(tmp_path / "f", 0, 1_000_000), "f")], at_once, lambda: None)
    ends: list[object] = []
    body.pauseProducing()
    body.startProducing(StringTransport()).addBoth(ends.append)
    body.stopProducing()
    assert ends == []


def test_a_file_that_cannot_be_read_ends_the_request(tmp_path: Path) -> None:
    body = form_body([Field("upload", Slice(tmp_path / "none", 0, 5), "f")], at_once, lambda: None)
    sending: Deferred[None] = body.startProducing(StringTransport())
    failures: list[object] = []
    sending.addErrback(lambda failure: failures.append(failure.type))
    assert failures == [FileNotFoundError]
