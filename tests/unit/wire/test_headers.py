"""Secrets of a workunit come out of the headers as they went in."""

import msgspec
import pytest

from awed.wire.headers import Tokens, authorization, environ_headers, environ_of


@pytest.mark.parametrize(
    ("token", "header"),
    [("", ""), ("abc\n", "CG_TOKEN abc"), ("CG_TOKEN abc\n", "CG_TOKEN abc"), ("  bearer x\n", "bearer x")],
)
def test_a_token_may_name_its_scheme(token: str, header: str) -> None:
    assert authorization(token, "CG_TOKEN") == header


def received(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_tokens() -> None:
    tokens = Tokens("theirs", "http://here", "ours")
    assert Tokens.of(received(tokens.headers())) == tokens
    assert Tokens.of({"datatoken": "theirs"}) == Tokens("theirs")


def test_private_variables() -> None:
    assert environ_of(received(environ_headers({"A": "wörd"}))) == {"A": "wörd"}
    assert environ_of({}) == {}
    with pytest.raises(msgspec.DecodeError):
        environ_of({"privateenv": "[]"})
