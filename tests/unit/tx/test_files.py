"""Files and md5s made side by side are those of the bytes, in their order."""

import hashlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awed.tx.files import LARGE, STRIDE, HashedFile, Md5

PIECES = st.lists(st.sampled_from([b"", b"a", b"b" * (LARGE - 1), b"c" * LARGE, b"d" * STRIDE]), max_size=6)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_pieces_of_any_size_become_the_file_and_its_md5(tmp_path: Path, pieces: list[bytes]) -> None:
    path, whole = tmp_path / "file", b"".join(pieces)
    file = HashedFile(path.open("wb", buffering=0))
    for piece in pieces:
        file.write(piece)
    file.close()
    assert (file.size, file.md5) == (len(whole), hashlib.md5(whole).hexdigest())
    assert path.read_bytes() == whole


def test_an_md5_can_be_asked_for_between_pieces() -> None:
    digest = Md5()
    for count in (1, 2, 3):
        digest.update(b"x" * LARGE)
        assert digest.hexdigest() == hashlib.md5(b"x" * LARGE * count).hexdigest()
