"""Amounts as people write them."""

import pytest

from awed.model.resources import amount_of, amounts_of, check_name


@pytest.mark.parametrize(
    ("name", "said", "amount"),
    [
        ("cores", 2, 2.0),
        ("cores", 0.01, 0.01),
        ("cores", 0.29, 0.29),
        ("cores", 0.291, 0.3),
        ("memory", "8G", 8 << 30),
        ("memory", 8e9, 8_000_000_000),
        ("disk", "500", 500),
        ("disk", 0, 0),
        ("gpus", 1.0, 1),
        ("licence", 3, 3),
    ],
)
def test_an_amount(name: str, said: float | str, amount: float) -> None:
    assert amount_of(name, said) == amount


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cores", 0),
        ("cores", 0.009),
        ("cores", "2"),
        ("cores", float("inf")),
        ("memory", "8 GB"),
        ("memory", "-1"),
        ("memory", -1),
        ("memory", 0.5),
        ("disk", float("nan")),
        ("disk", 1e300),
        ("gpus", 0.5),
        ("gpus", -1),
        ("licence", "1"),
    ],
)
def test_what_is_no_amount(name: str, said: float | str) -> None:
    with pytest.raises(ValueError, match="must be a"):
        amount_of(name, said)


@pytest.mark.parametrize("name", ["", "1", "a b", "ä", "x" * 65, "a/b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="begins with a letter"):
        check_name(name)


def test_what_is_said_later_counts() -> None:
    assert amounts_of({"cores": 2, "memory": "1K"}, {"cores": 0.5}) == {"cores": 0.5, "memory": 1024}
