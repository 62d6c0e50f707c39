"""``.../acl/<type>``: changes of rights, the same for jobs, client groups and nodes."""

from collections.abc import Sequence

from awed.model.access import OWNER, PUBLIC, RIGHTS, AclChange
from awed.model.errors import Invalid
from awed.web.body import AwedRequest
from awed.web.params import params_of

ALL = "all"

_PUBLIC = "public_"


async def acl_change(request: AwedRequest, kind: str, rights: Sequence[str] = RIGHTS) -> AclChange:
    """The change that a PUT (or POST) or DELETE of ``acl/<kind>`` asks for; *rights*: those that there are.

    Users stand in the query or in a form, as ``users=a,b``. Raises :class:`~awed.model.errors.Invalid`.
    """
    check_kind(kind, rights)
    add = request.method != b"DELETE"
    name = kind.removeprefix(_PUBLIC)
    users = [PUBLIC] if kind.startswith(_PUBLIC) else await _users(request)
    if kind == OWNER and (not add or len(users) != 1):
        raise Invalid("a thing has one owner: set another one by PUT, with one user")
    if not users:
        raise Invalid("This request type requires the users parameter: users=a,b")
    return AclChange(tuple(rights) if name == ALL else (name,), tuple(dict.fromkeys(users)), add)


def check_kind(kind: str, rights: Sequence[str] = RIGHTS) -> None:
    """Raises :class:`~awed.model.errors.Invalid` unless ``acl/<kind>`` is about something."""
    if kind != OWNER and kind.removeprefix(_PUBLIC) not in (ALL, *rights):
        raise Invalid(f"Invalid acl type: {kind}")


async def _users(request: AwedRequest) -> list[str]:
    named = params_of(request).texts("users")
    in_form = (await request.form()).text("users") or ""
    return named + [name for name in in_form.split(",") if name]
