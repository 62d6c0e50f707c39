"""Workunit ids are read in both forms, and anything else is refused by name."""

import base64

import pytest

from awed.model.errors import Invalid
from awed.model.ids import WorkId, parse_work_id


def test_plain_and_base64_name_the_same_workunit() -> None:
    plain = "128068d0-9ebf-4027-a1c9-1578d354c940_align_3"
    wrapped = "base64:" + base64.b64encode(plain.encode()).decode()
    assert parse_work_id(plain) == parse_work_id(wrapped) == WorkId(plain[:36], "align", 3)
    assert str(parse_work_id(wrapped)) == plain


@pytest.mark.parametrize(
    "text", ["", "x", "a_b", "a_b_c", "a_b_-1", "a_b_1_2", f"a_b_{'1' * 5000}", "base64:!!", "base64:/w==", "a__1"]
)
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_work_id(text)
    assert refused.value.texts == [f"invalid work id: {text}"]
