"""The readers under whom a job is listed, by which the jobs that a user may read are found without reading ACLs.

Every job is listed under ``all``, for administrators. A job that everyone may read is also listed under ``public``,
any other under ``@name`` for its owner and for each user with the right to read it. The ``@`` tells users called
``all`` or ``public`` from these two.
"""

from awed.model.access import PUBLIC, Acl


def readers(acl: Acl) -> list[str]:
    """The readers under whom a job with this ACL is listed."""
    if PUBLIC in acl.read:
        return ["all", "public"]
    return ["all", *sorted({f"@{name}" for name in (acl.owner, *acl.read)})]


def seen_by(reader: str | None) -> list[str]:
    """The readers under whom the jobs are listed that the user *reader* (None: everybody's) may read.

    No job is listed under two of them.
    """
    return ["all"] if reader is None else ["public", f"@{reader}"]
