"""What a handler declares is what is read, and what is described."""

from typing import Annotated, Any

import pytest
from msgspec import Struct

from awed.model.errors import Invalid
from awed.web.arguments import Arguments, Body, Rest, arguments_of
from awed.web.calls import Call, Calls
from awed.web.form import Form, Part
from awed.web.kinds import INTEGER
from awed.web.params import parse_query
from tests.unit.web.test_form import multipart
from tests.unit.web.wire import ANYONE, Plain, Reply, call, root

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


class Page(Struct, frozen=True):
    limit: Annotated[int, "How many."] = 25
    words: Annotated[list[str], "Words."] = []
    note: Annotated[Part | None, "A note."] = None


async def handler(
    call: Call[None],
    *,
    page: Page,
    full: Annotated[bool, "All."] = False,
    max_: Annotated[int | None, INTEGER, "At most."] = None,
    others: Rest,
) -> None: ...


def values(query: bytes) -> dict[str, Any]:
    return arguments_of(handler).values(parse_query(query))


def test_what_is_not_there_has_its_default() -> None:
    assert values(b"") == {"page": Page(), "full": False, "max_": None, "others": {}}


def test_values_have_their_types() -> None:
    assert values(b"full&max=-2&limit=3&words=a,b&x=1&max_=9") == {
        "page": Page(3, ["a", "b"]),
        "full": True,
        "max_": -2,
        "others": {"x": ["1"], "max_": ["9"]},
    }


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(Invalid, match="limit must be a non-negative integer, found: x"):
        values(b"limit=x")


def test_what_is_declared_can_be_described() -> None:
    arguments = arguments_of(handler)
    described = [(one.name, one.about, one.default) for one in arguments.parameters]
    assert described == [
        ("limit", "How many.", 25),
        ("words", "Words.", []),
        ("full", "All.", False),
        ("max", "At most.", None),
    ]
    assert [(part.name, part.about) for part in arguments.parts] == [("note", "A note.")]


class Things(Plain):
    calls = Calls[None]()

    @calls("POST /", ANYONE)
    async def part(self, call: Call[None], *, note: Annotated[Part | None, "A note."] = None) -> str | None:
        return note.text() if note else None

    @calls("PUT /", ANYONE)
    async def whole(self, call: Call[None], *, form: Annotated[Form, ("note",)]) -> list[str]:
        return [part.name for part in form.parts]

    @calls("PUT /<thing>", ANYONE)
    async def body(self, call: Call[None], thing: str, *, body: Annotated[bytes, Body(5, str)]) -> str:
        return f"{thing}: {body.decode()}"


def reply(method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    return call(root(Things(), "things"), method, path, headers, body)


def test_a_part_of_the_form() -> None:
    assert reply("POST", "/things", multipart(("note", None, b"x")), FORM).json["data"] == "x"
    assert reply("POST", "/things", multipart(("other", None, b"x")), FORM).json["data"] is None
    assert reply("POST", "/things", b"").json["data"] is None


def test_the_whole_form() -> None:
    assert reply("PUT", "/things", multipart(("a", None, b"x"), ("b", None, b"y")), FORM).json["data"] == ["a", "b"]


def test_a_body_of_limited_size() -> None:
    assert reply("PUT", "/things/a", b"12345").json["data"] == "a: 12345"
    assert reply("PUT", "/things/a", b"123456").status == 413


@pytest.mark.parametrize("hint", [bytes, Annotated[dict[str, str], "A map."]])
def test_an_argument_that_cannot_be_read(hint: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Arguments([("x", hint, None)])
