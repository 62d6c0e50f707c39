"""Secrets of a workunit come out of the headers as they went in."""

import pytest

from awed.wire.headers import Tokens, authorization


@pytest.mark.parametrize(
    ("token", "header"),
    [("", ""), ("abc\n", "CG_TOKEN abc"), ("CG_TOKEN abc\n", "CG_TOKEN abc"), ("  bearer x\n", "bearer x")],
)
def test_a_token_may_name_its_scheme(token: str, header: str) -> None:
    assert authorization(token, "CG_TOKEN") == header


def test_tokens() -> None:
    tokens = Tokens("theirs", "http://here", "ours")
    assert Tokens.of({name.lower(): value for name, value in tokens.headers().items()}) == tokens
    assert Tokens.of({"datatoken": "theirs"}) == Tokens("theirs")
