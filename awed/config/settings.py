"""All settings: section, key, kind, default, description.

The fields of the Structs are the table from which the reader, the sample file ``etc/awed.conf`` and the documentation
are made; each is ``Annotated`` with its kind and a description. The names are the original AWE's where it has one.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Struct, field

from awed.config.kinds import (
    DURATION,
    DURATIONS,
    FLAG,
    LINES,
    NAMES,
    PATH,
    PORT,
    PROXIES,
    SIZE,
    TEXT,
    URL,
    URLS,
    WORD_URLS,
    Kind,
    choice,
    size,
    whole,
)

LOG = size(1024)


class Ports(Struct, frozen=True, rename="kebab"):
    """Where the daemon listens."""

    api_port: Annotated[int, PORT, "TCP port of the API, on loopback; 0 takes any free one."] = 8001
    listen: Annotated[
        tuple[str, ...],
        LINES,
        "Twisted endpoint strings, one a line, instead of api-port: tcp:8001:interface=0.0.0.0 listens on all"
        " addresses, unix:/run/awed.sock on a socket file. As --listen.",
    ] = ()


class External(Struct, frozen=True, rename="kebab"):
    """How others reach the daemon."""

    api_url: Annotated[
        str,
        URL,
        "URL at which workers and users reach the API. The addresses of files in the node store begin with it. If"
        " empty, they begin with the URL to which the request for them was sent.",
    ] = ""


class Ssl(Struct, frozen=True):
    """TLS on api-port. With listen, use ssl:PORT or tls:ENDPOINT there. The files are read again at SIGHUP."""

    enable: Annotated[bool, FLAG, "Serve https instead of http on api-port."] = False
    key: Annotated[str, PATH, "File of the private key (PEM)."] = ""
    cert: Annotated[str, PATH, "File of the certificate and its chain (PEM)."] = ""
    minimum: Annotated[str, choice("TLSv1.2", "TLSv1.3"), "Oldest version of TLS that is spoken."] = "TLSv1.2"


class Anonymous(Struct, frozen=True):
    """What requests without a token or password may do; they are those of the user public."""

    read: Annotated[bool, FLAG, "See jobs, workers and files that are open to the public."] = True
    write: Annotated[bool, FLAG, "Submit jobs, register workers and run work, change what public owns."] = True
    delete: Annotated[bool, FLAG, "Delete jobs and files that public owns."] = True


class Security(Struct, frozen=True):
    """What the daemon refuses unless a setting here allows it."""

    anonymous_beyond_loopback: Annotated[
        bool,
        FLAG,
        "Allow [Anonymous] write and delete although other machines can connect. Whoever can connect can then run"
        " commands on the workers.",
    ] = False
    trusted_proxies: Annotated[
        tuple[str, ...],
        PROXIES,
        "Proxies whose headers are trusted for the address of the client and the URL of a request (Forwarded, or"
        " X-Forwarded-For, -Proto and -Host): addresses and networks, separated by commas, and unix for connections"
        " through a socket file.",
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        NAMES,
        "Other sites whose pages may use the API without a token, as [Anonymous] allows: https://monitor.example.org,"
        " separated by commas, or * for all. Pages that send a token may belong to any site.",
    ] = ()
    metrics: Annotated[
        str,
        choice("public", "token", "admin"),
        "Who may read GET /metrics: everybody (public), users with a token (token), administrators (admin). If empty:"
        " everybody if only this machine can connect and [Anonymous] read is on, else users with a token.",
    ] = ""
    data_hosts: Annotated[
        tuple[str, ...],
        URLS,
        "Shock hosts that jobs may use although they have no public address, as http://shock:7445, separated by"
        " commas. The daemon sends them the data tokens of jobs, and shows their error messages to users. A daemon"
        " that only this machine can reach may also use hosts on this machine.",
    ] = ()
    fetch_urls: Annotated[
        bool,
        FLAG,
        "Let users have files from http and https URLs downloaded into the node store (form field upload_url).",
    ] = False
    fetch_inside: Annotated[
        bool,
        FLAG,
        "Allow that also for addresses that are not public (loopback, private, link-local). Users then reach whatever"
        " this machine reaches.",
    ] = False


class Admin(Struct, frozen=True):
    """Who runs this server."""

    email: Annotated[str, TEXT, "E-mail address for questions of users. GET / shows it."] = ""
    users: Annotated[
        tuple[str, ...],
        NAMES,
        "Users with the rights of an administrator, separated by commas. Read again at SIGHUP.",
    ] = ()


class Auth(Struct, frozen=True):
    """How users and workers are authenticated."""

    client_auth_required: Annotated[bool, FLAG, "Register only workers with the token of a client group."] = False
    globus_token_url: Annotated[str, URL, "Globus: URL that tells the client id of a token."] = ""
    globus_profile_url: Annotated[str, URL, "Globus: URL of the profiles of users, by client id."] = ""
    mgrast_oauth_url: Annotated[str, URL, "MG-RAST: URL that tells the user of a token."] = ""
    userinfo_urls: Annotated[
        Mapping[str, str],
        WORD_URLS,
        "Servers with OpenID Connect's user-info endpoint, each with the word before its tokens in Authorization:"
        " bearer=https://id.example/userinfo. The word oauth means the first server of this section.",
    ] = {}


class Directories(Struct, frozen=True):
    """Where the daemon keeps its files. $VARIABLES and ~ are replaced."""

    data: Annotated[str, PATH, "Database, files, admin-token and lock. Made if missing. As --data."] = ""
    logs: Annotated[str, PATH, "Event and access logs. If empty: logs in the data directory."] = ""


class Mongodb(Struct, frozen=True):
    """A MongoDB database as the store. It is used if hosts are given, unless [Server] store says otherwise."""

    hosts: Annotated[tuple[str, ...], NAMES, "Hosts, with :port if need be, separated by commas."] = ()
    database: Annotated[str, TEXT, "Name of the database."] = "AWEDB"
    user: Annotated[str, TEXT, "User, if the database asks for one."] = ""
    password: Annotated[str, TEXT, "Password of that user."] = ""
    options: Annotated[
        str, TEXT, "Options as in a mongodb:// URI: replicaSet=rs0&authSource=admin&tls=true&tlsCAFile=/etc/ca.pem."
    ] = ""


class Server(Struct, frozen=True):
    """The server itself, and its rules for jobs, work and workers."""

    title: Annotated[str, TEXT, "Name of this server. GET / shows it."] = "AWE Server"
    store: Annotated[
        str,
        TEXT,
        "Where jobs are kept: sqlite:PATH or mongodb://HOST/DATABASE. If empty: what [Mongodb] says, or else"
        " sqlite:awed.sqlite in the data directory. As --store.",
    ] = ""
    heartbeat_limit: Annotated[
        int, whole(1), "Seconds without a heartbeat after which a worker is lost, and its work queued again."
    ] = 30
    max_work_failure: Annotated[
        int,
        whole(1),
        "Failures of one cause (exit status, missing output, walltime, ...) after which a workunit is suspended, and"
        " its job with it.",
    ] = 3
    retry_memory: Annotated[
        int, whole(0), "How often a workunit is tried again that lacked memory, each time with twice as much."
    ] = 2
    retry_lost: Annotated[int, whole(0), "How often a workunit is tried again whose worker vanished."] = 10
    fair_share: Annotated[
        bool,
        FLAG,
        "Of users whose work has the same priority, that one's goes first who has fewest cores at work. Off: the"
        " order of the original, in which earlier jobs go first, whoever submitted them.",
    ] = False
    max_client_failure: Annotated[
        int,
        whole(1),
        "A worker gets no work for a while after work of so many jobs failed on it that others then did, with no"
        " success of its own in between.",
    ] = 5
    expire_wait: Annotated[int, whole(1), "Minutes between two searches for expired jobs."] = 60
    global_expire: Annotated[
        float | None, DURATION, "How long jobs are kept after their end: 30M, 12H, 7D. If empty: for ever."
    ] = None
    events_keep: Annotated[float, DURATION, "How long events are kept for GET /events: 30M, 12H, 7D."] = 7 * 86400.0
    events_max: Annotated[int, whole(1), "Most events that are kept. Each takes about 150 bytes."] = 1_000_000
    pipeline_expire: Annotated[
        Mapping[str, float],
        DURATIONS,
        "How long jobs of a pipeline are kept, in place of global_expire: name=7D,other=12H.",
    ] = {}


class Limits(Struct, frozen=True):
    """Limits for one request and for one user. Sizes are bytes, or end in K, M, G or T (powers of 1024)."""

    max_document: Annotated[int, SIZE, "Largest job document, client profile or report."] = 64 << 20
    max_tasks: Annotated[int, whole(1), "Most tasks of a job document."] = 1_000_000
    max_dependencies: Annotated[int, whole(1), "Most entries of dependsOn in a job document."] = 1_000_000
    max_values: Annotated[
        int,
        whole(1),
        "Most values (texts, numbers, lists, objects) of a job document, counted roughly; a usual task has ten. Each"
        " may take hundreds of bytes of memory.",
    ] = 2_000_000
    user_jobs: Annotated[
        int, whole(0), "Most unfinished jobs of a user who is no administrator. 0: no limit, also in the next three."
    ] = 200_000
    user_tasks: Annotated[int, whole(0), "Most tasks of these jobs in all."] = 2_000_000
    user_bytes: Annotated[int, SIZE, "Most bytes of the documents of these jobs in all."] = 4 << 30
    user_groups: Annotated[int, whole(0), "Most client groups of a user who is no administrator."] = 100
    user_work_out: Annotated[
        int, whole(0), "Most workunits of one user that run at once. 0: no limit, also in the next three."
    ] = 0
    user_cores_out: Annotated[int, whole(0), "Most cores for the workunits of one user that run at once."] = 0
    group_work_out: Annotated[
        int, whole(0), "Most workunits that run at once on the workers of one client group."
    ] = 0
    group_cores_out: Annotated[
        int, whole(0), "Most cores for the workunits that run at once on the workers of one client group."
    ] = 0
    log_spool: Annotated[int, LOG, "Bytes of stdout and stderr each that are kept while a command runs."] = 1 << 20
    max_log: Annotated[int, LOG, "Bytes of each that are kept afterwards, first and last."] = 1 << 20
    max_upload: Annotated[
        int, SIZE, "Largest file in the node store, uploaded or made there of others. 0: no limit."
    ] = 0
    user_uploads: Annotated[
        int,
        SIZE,
        "Most bytes of one user's unfinished uploads, of anonymous users those of one address. More is refused until"
        " others are done, but one by itself may be larger. 0: no limit, also in the next.",
    ] = 100 << 30
    anonymous_uploads: Annotated[int, SIZE, "Most bytes of those of all anonymous users."] = 200 << 30
    min_free_space: Annotated[
        int, SIZE, "Free disk space that uploads and logs of running commands must leave, else they are refused."
    ] = 1 << 30
    long_work: Annotated[
        int,
        whole(1),
        "Threads for work on files that takes long: merges, joins, subsets, indexes, packing and unpacking. Users get"
        " them in turns.",
    ] = 2
    long_work_per_user: Annotated[
        int,
        whole(1),
        "How much of this work, and how many downloads from URLs, one user may have under way at a time. More waits.",
    ] = 4


class Tes(Struct, frozen=True):
    """The Task Execution Service of GA4GH."""

    storage: Annotated[
        tuple[str, ...],
        NAMES,
        "URLs of the places that tasks and workers share, separated by commas, as file:///data. Service-info shows"
        " them.",
    ] = ()


class Args(Struct, frozen=True):
    """The log of the daemon."""

    debuglevel: Annotated[
        int,
        whole(0, 3),
        "What the log has, until PUT /logger?debug= or SIGHUP changes it: with 1 each request, with 2 also each"
        " event, with 3 also each commit and work on files.",
    ] = 0
    log_format: Annotated[
        str, choice("text", "json"), "Lines of the log: text for people, json for programs. As --log-format."
    ] = "text"


class Config(Struct, frozen=True, rename="pascal"):
    """All settings, by section."""

    ports: Ports = Ports()
    external: External = External()
    ssl: Ssl = field(default=Ssl(), name="SSL")
    anonymous: Anonymous = Anonymous()
    security: Security = Security()
    admin: Admin = Admin()
    auth: Auth = Auth()
    directories: Directories = Directories()
    mongodb: Mongodb = Mongodb()
    server: Server = Server()
    limits: Limits = Limits()
    tes: Tes = Tes()
    args: Args = Args()


class Setting(Struct, frozen=True):
    """A row of the table. *section*, *key*: as in the file. *attributes*: the same two, as in :class:`Config`."""

    section: str
    key: str
    attributes: tuple[str, str]
    kind: Kind[Any]
    about: str
    default: object

    def __str__(self) -> str:
        return f"[{self.section}] {self.key}"

    def value_in(self, config: Config) -> object:
        """The value of the setting in *config*."""
        section, key = self.attributes
        return getattr(getattr(config, section), key)

    @property
    def default_text(self) -> str:
        """The default as a file would have it; "" for None and for empty collections."""
        return "" if self.default in (None, "", (), {}) else self.kind.show(self.default)


def settings() -> Iterator[Setting]:
    """The table, in the order of the sample file."""
    for section in msgspec.structs.fields(Config):
        for item in msgspec.structs.fields(section.type):
            _, kind, about = get_args(item.type)
            default = getattr(section.default, item.name)
            yield Setting(section.encode_name, item.encode_name, (section.name, item.name), kind, about, default)
