"""Under whom a job is listed, so that a reader's jobs are found without a look at every ACL.

Every job is listed under ``all``, for those who may see everything. One that everyone may read is listed under
``public`` besides, any other under ``@name`` for its owner and for each user that its ACL lets read. The ``@`` keeps
users of whatever name from being taken for the other two.
"""

from awed.model.access import PUBLIC, Acl


def readers(acl: Acl) -> list[str]:
    """The readers under whom a job is listed."""
    if PUBLIC in acl.read:
        return ["all", "public"]
    return ["all", *sorted({f"@{name}" for name in (acl.owner, *acl.read)})]


def seen_by(reader: str | None) -> list[str]:
    """Under which readers the jobs are listed that *reader* may see. No job is listed under two of them."""
    return ["all"] if reader is None else ["public", f"@{reader}"]
