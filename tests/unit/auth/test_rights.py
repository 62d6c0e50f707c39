"""The rights of each kind of user, by the ACL."""

import pytest

from awed.auth.rights import changed_by, reader, require, require_admin
from awed.model.access import ADMIN, PUBLIC, Acl, AclChange, GroupAcl, User, Verb, is_user_name
from awed.model.errors import JobNotFound, Unauthorized

ANN, BOB, EVE, NOBODY = User("ann"), User("bob"), User("eve"), User()
ROOT = User("root", admin=True)
WORKER = User("", group="g")
VERBS: tuple[Verb, ...] = ("read", "write", "delete", "execute")


def rights(user: User, acl: Acl) -> str:
    return "".join(verb[0] for verb in VERBS if acl.allows(user, verb))


@pytest.mark.parametrize(
    ("acl", "expected"),
    [
        (GroupAcl("ann"), {"ann": "rwde", "bob": "", "public": "", "worker": ""}),
        (GroupAcl("ann", read=["bob"]), {"ann": "rwde", "bob": "r", "public": "", "worker": ""}),
        (GroupAcl("ann", ["bob"], ["bob"], ["bob"], execute=["bob"]), {"ann": "rwde", "bob": "rwde", "public": ""}),
        (GroupAcl("ann", execute=[PUBLIC]), {"ann": "rwde", "bob": "e", "public": "e", "worker": "e"}),
        (Acl("ann", read=[PUBLIC], delete=["bob"]), {"bob": "rd", "public": "r", "worker": "r"}),
        (Acl(), {"ann": "", "public": "rwde", "worker": ""}),
        (Acl.of(NOBODY.name), {"ann": "rwd", "public": "rwde", "worker": "rwd"}),
    ],
)
def test_owner_listed_and_public(acl: Acl, expected: dict[str, str]) -> None:
    users = {"ann": ANN, "bob": BOB, "public": NOBODY, "worker": WORKER}
    assert {name: rights(users[name], acl) for name in expected} == expected
    assert rights(EVE, acl) == rights(WORKER, acl)
    assert rights(ROOT, acl) == "rwde"


def test_new_things_are_their_makers() -> None:
    assert Acl.of(ANN.name) == Acl("ann", ["ann"], ["ann"], ["ann"])
    one = Acl.of(ANN.name)
    one.read.append("bob")
    assert one.write == ["ann"]


def test_the_words_of_a_refusal() -> None:
    require(ANN, "write", Acl.of(ANN.name))
    require_admin(ROOT)
    with pytest.raises(Unauthorized, match=r"^User Unauthorized$"):
        require(BOB, "write", Acl.of(ANN.name))
    with pytest.raises(JobNotFound):
        require(BOB, "write", Acl.of(ANN.name), JobNotFound("x"))
    for acl in (Acl("ann", delete=["bob"]), Acl("ann", read=[PUBLIC]), Acl("ann", offered="bob")):
        with pytest.raises(Unauthorized, match=r"^User Unauthorized$"):
            require(BOB, "write", acl, JobNotFound("x"))
    with pytest.raises(Unauthorized, match=r"^No Authorization$"):
        require_admin(ANN)


def test_an_acl_is_changed_by_owner_and_admins_and_left_by_anybody() -> None:
    give, leave = AclChange(("read",), ("eve",), add=True), AclChange(("read", "write"), ("bob",), add=False)
    for user, change, reads in ((ANN, give, ["bob", "eve"]), (ROOT, give, ["bob", "eve"]), (BOB, leave, [])):
        acl = Acl("ann", read=["bob"], write=["bob"])
        changed_by(user, change, JobNotFound("x"))(acl)
        assert acl.read == reads
    take = [AclChange(("read",), users, add=False) for users in (("ann",), ("bob", "ann"), (PUBLIC,))]
    acl = Acl("ann", read=["bob"], write=["bob"])
    for user, change in ((BOB, give), *((BOB, change) for change in take)):
        with pytest.raises(Unauthorized, match=r"^User Unauthorized$"):
            changed_by(user, change, JobNotFound("x"))(acl)
    for user, change in ((NOBODY, take[2]), (EVE, give), (EVE, AclChange(("read",), ("eve",), add=False))):
        with pytest.raises(JobNotFound):
            changed_by(user, change, JobNotFound("x"))(acl)
    assert acl == Acl("ann", read=["bob"], write=["bob"])


def test_lists_are_for_their_reader() -> None:
    assert [reader(user) for user in (ROOT, ANN, NOBODY)] == [None, "ann", PUBLIC]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ann", True), ("Ä. B", True), ("", False), (PUBLIC, False), (ADMIN, False), ("a\0", False), ("x" * 201, False)],
)
def test_names_of_users(text: str, expected: bool) -> None:
    assert is_user_name(text) == expected
