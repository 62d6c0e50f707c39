"""Remarks on a document: warnings at its submission, and the findings of a check."""

from msgspec import Struct


class Remark(Struct, frozen=True):
    """One sentence about a *place* in a document, such as ``tasks[1].dependson``."""

    place: str
    text: str


class Checked(Struct):
    """What ``POST /job?check`` finds.

    *errors*: why the document would be refused. *warnings*: what would be accepted, but is probably a mistake.
    *tasks*, *workunits*: how many the document asks for. *unmet*: what the job needs and no registered worker has
    that may run its work.
    """

    ok: bool
    errors: list[Remark]
    warnings: list[Remark]
    tasks: int
    workunits: int
    unmet: list[Remark]
