"""Passwords are stored as argon2 hashes."""

import pytest

from awed.auth.passwords import hash_password, matches


def test_each_hash_is_salted_argon2() -> None:
    one, other = hash_password("p"), hash_password("p")
    assert one != other
    assert one.startswith("$argon2id$")
    assert matches(one, "p")
    assert matches(other, "p")


@pytest.mark.parametrize("stored", ["", "p", "$argon2id$", "$argon2id$v=19$m=65536,t=3,p=4$x$y"])
def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    assert not matches(stored, "p")
    assert not matches(stored, "")


def test_a_wrong_password() -> None:
    assert not matches(hash_password("p"), "q")
