"""What is said of a document beside that it is taken: warnings, and what a check of it finds."""

from msgspec import Struct


class Remark(Struct, frozen=True):
    """One sentence about a *place* in a document, such as ``tasks[1].dependson``."""

    place: str
    text: str


class Checked(Struct):
    """What ``POST /job?check`` finds. *errors*: for these the document would be refused. *warnings*: what would be
    taken, and is probably not meant. *tasks*, *workunits*: how many it asks for. *unmet*: what no registered worker
    has that may have the work."""

    ok: bool
    errors: list[Remark]
    warnings: list[Remark]
    tasks: int
    workunits: int
    unmet: list[Remark]
