"""The account by which a worker or a task reads and writes files at ``s3`` URLs."""

from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as NoIni
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from awed.worker.errors import NotSetUp

EXTRA = "boto3, of the extra s3: pip install awed[s3]"
"""What a worker needs for s3 URLs."""

_SECTION = "default"
_NAMES = {
    "key": "aws_access_key_id",
    "secret": "aws_secret_access_key",
    "session": "aws_session_token",
    "endpoint": "endpoint_url",
    "region": "region",
    "ca": "ca_bundle",
}
_VARIABLES = {
    "key": "AWS_ACCESS_KEY_ID",
    "secret": "AWS_SECRET_ACCESS_KEY",
    "session": "AWS_SESSION_TOKEN",
    "endpoint": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION",
}

LACKING = (
    "this worker has no account for s3 URLs (--s3-config), and the task has none in its private variables "
    f"({_VARIABLES['key']}, {_VARIABLES['secret']})"
)
"""What is told of an s3 URL where nobody says who asks."""


class Account(NamedTuple):
    """Who asks, and where. *ca*: a file with the certificates to trust, "" for those that boto3 brings."""

    key: str = ""
    secret: str = ""
    session: str = ""
    endpoint: str = ""
    region: str = ""
    ca: str = ""


def read_account(path: Path) -> Account:
    """The account in a file as AWS's programs have it: its section ``[default]``. Raises :class:`NotSetUp`."""
    parser = ConfigParser(interpolation=None)
    try:
        with path.open() as file:
            parser.read_file(file)
        said = dict(parser[_SECTION])
    except OSError as error:
        raise NotSetUp(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, NoIni, KeyError):
        raise NotSetUp(f"{path} has no section [{_SECTION}]") from None
    account = Account(**{field: said.get(name, "").strip() for field, name in _NAMES.items()})
    if not account.key or not account.secret:
        raise NotSetUp(f"{path} lacks {_NAMES['key']} or {_NAMES['secret']} below [{_SECTION}]")
    if find_spec("boto3") is None:
        raise NotSetUp(f"s3 URLs need {EXTRA}")
    return account


def account_of(private: Mapping[str, str], workers: Account | None) -> Account | None:
    """The account of a task with these private variables: its own if it names keys, else that of the worker.

    The keys of the worker are for its own endpoint, so that no task sends them elsewhere.
    """
    said = {field: private[name] for field, name in _VARIABLES.items() if private.get(name)}
    if "key" not in said or "secret" not in said:
        return workers
    known = workers or Account()
    return Account(**{"endpoint": known.endpoint, "region": known.region, "ca": known.ca, **said})
