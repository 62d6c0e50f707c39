"""Files at ``s3`` URLs. boto3 signs and transfers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from awed.model.addresses import bucket_and_key
from awed.model.errors import Unavailable
from awed.tx.files import md5_of
from awed.tx.http import Reach
from awed.worker import patterns
from awed.worker.account import Account
from awed.worker.copying import check, require_room
from awed.worker.errors import WorkFailed
from awed.worker.paths import inside
from awed.worker.s3lines import Lines

REGION = "us-east-1"
"""The region where none is said."""


class S3:
    """What *account* may read and write. All methods block: for a thread.

    They raise :class:`WorkFailed`, :class:`~awed.model.errors.Unavailable` if after several tries there is no answer,
    and :class:`OSError`. Transfers go on where a connection broke, part by part, and end early once *stop* is set.
    """

    def __init__(self, account: Account, reach: Reach | None = None, *, is_known: bool = True) -> None:
        """*reach*: where it may connect to, None for everywhere. *is_known*: whether the account is the worker's.

        Raises :class:`WorkFailed`.
        """
        self._lines = Lines(reach)
        try:
            self._client = _shared(account) if is_known else _client(account)
        except (BotoCoreError, ValueError) as error:
            raise WorkFailed(f"there can be no such account for s3: {error}") from None
        if not is_known:
            self._lines.install(self._client)

    def cut(self) -> None:
        """End all that is under way, unless the account is that of the worker, whose store answers."""
        self._lines.cut()

    def version(self, url: str) -> str:
        """What identifies the present content of the object: its ETag."""
        client = self._client
        with _about("look at", url):
            return str(client.head_object(**_place(url)).get("ETag", ""))

    def fetch(self, url: str, path: Path, stop: Event) -> None:
        """Download the object to *path*."""
        client, place = self._client, _place(url)
        with _about("get", url):
            told = client.head_object(**place)
            require_room(path.parent, told.get("ContentLength", 0))
            client.download_file(*place.values(), str(path), Config=_BOUNDS, Callback=_stopped_by(stop))
        _check(url, path, told)

    def fetch_directory(self, url: str, target: Path, stop: Event) -> None:
        """Download all objects below *url* to the directory *target*, which is made."""
        client, (bucket, prefix) = self._client, bucket_and_key(f"{url.rstrip('/')}/")
        target.mkdir(parents=True, exist_ok=True)
        with _about("list", url):
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            names = []
            for page in pages:
                check(stop)
                names += [one["Key"].removeprefix(prefix) for one in page.get("Contents", ())]
                if len(names) > patterns.MOST:
                    raise WorkFailed(f"{url} stands for more than {patterns.MOST} files")
        if not names:  # the name is mistyped: an empty directory has at least an object for itself
            raise WorkFailed(f"there is nothing below {url}")
        places = set[Path]()
        for name in filter(None, names):
            place = inside(target, name)
            if place in places:
                raise WorkFailed(f"two keys below {url} are the path {place.relative_to(target)}")
            places.add(place)
            if name.endswith("/"):  # a directory without files
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                self.fetch(f"s3://{bucket}/{quote(prefix + name)}", place, stop)

    def deliver(self, path: Path, url: str, stop: Event) -> None:
        """Upload the file at *path*; it is there once it is complete."""
        client, place = self._client, _place(url)
        for again in (True, False):
            try:
                with _about("put", url):
                    client.upload_file(str(path), *place.values(), Config=_BOUNDS, Callback=_stopped_by(stop))
                return
            except _PartLost:
                if not again:
                    raise


def _client(account: Account) -> Any:
    """A client, which any number of threads may use. It is costly to make."""
    session = Session(account.key, account.secret, account.session or None, account.region or REGION)
    # Stores of one's own seldom have a name below their own for each bucket, and many do not know what boto3 would do
    # for checksums: some refuse it, others keep the frame that is put around the content as part of it.
    style, checksums = ("path", "when_required") if account.endpoint else ("auto", "when_supported")
    config = Config(
        s3={"addressing_style": style},
        request_checksum_calculation=checksums,
        response_checksum_validation=checksums,
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=15,
        read_timeout=120,
        ignore_configured_endpoint_urls=True,
    )
    return session.client("s3", endpoint_url=account.endpoint or None, verify=account.ca or None, config=config)


_shared = lru_cache(maxsize=1)(_client)

_LOST = ("InvalidPart", "NoSuchUpload")

_BOUNDS = TransferConfig(max_concurrency=4, max_io_queue=20)
"""Of one transfer: four parts of 8 MB at a time, and 5 MB that wait for the disk."""


class _PartLost(Unavailable):
    """Some stores lose a part, and with it those that came before, when its connection breaks."""


def _stopped_by(stop: Event) -> Callable[[int], None]:
    return lambda amount: check(stop)


def _place(url: str) -> dict[str, str]:
    try:
        bucket, key = bucket_and_key(url)
    except ValueError as error:
        raise WorkFailed(f"{url}: {error}") from None
    return {"Bucket": bucket, "Key": key}


def _check(url: str, path: Path, told: Mapping[str, Any]) -> None:
    """Raises :class:`Unavailable` if what came is not what was *told*. Some ETags are the MD5, others are not."""
    if path.stat().st_size != told.get("ContentLength"):
        raise Unavailable(f"get {url}: {path.stat().st_size} bytes came, expected {told.get('ContentLength')}")
    etag = told.get("ETag", "").strip('"')
    is_md5 = (
        len(etag) == 32 and told.get("ServerSideEncryption", "AES256") == "AES256" and "SSECustomerKeyMD5" not in told
    )
    if is_md5 and (md5 := md5_of(path)) != etag:
        raise Unavailable(f"get {url}: the md5 of what came is {md5}, expected {etag}")


@contextmanager
def _about(what: str, url: str) -> Iterator[None]:
    """Makes errors of boto3 those of awed."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        refused = error if isinstance(error, ClientError) else error.__context__  # an upload wraps it
        if isinstance(error, HTTPClientError) and isinstance(beyond := error.kwargs["error"], WorkFailed):
            raise WorkFailed(f"{what} {url}: {beyond}") from None
        if not isinstance(refused, ClientError):
            raise Unavailable(f"{what} {url}: {error}") from None
        status, told = refused.response["ResponseMetadata"].get("HTTPStatusCode", 0), refused.response["Error"]
        text = f"{what} {url}: {status} {told.get('Message') or told.get('Code', '')}"
        kind = _PartLost if told.get("Code") in _LOST else Unavailable if status >= 500 else WorkFailed
        raise kind(text) from None
