"""Every setting there is: section, key, kind, default, and what it is for.

The Structs are the table: the reader, its checks and the sample file ``etc/awed.conf`` work from their fields, each
``Annotated`` with its kind and a description. The names are the original's where it has one.
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
    whole,
)


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
        "URL of the API as workers and users reach it, for the addresses of files that the daemon keeps."
        " If empty, whoever asks gets the address by which they came.",
    ] = ""


class Ssl(Struct, frozen=True):
    """TLS on api-port. With listen, use ssl:PORT or tls:ENDPOINT there. SIGHUP has the files read again."""

    enable: Annotated[bool, FLAG, "Serve https instead of http on api-port."] = False
    key: Annotated[str, PATH, "File of the private key (PEM)."] = ""
    cert: Annotated[str, PATH, "File of the certificate and its chain (PEM)."] = ""
    minimum: Annotated[str, choice("TLSv1.2", "TLSv1.3"), "Oldest version of TLS that is spoken."] = "TLSv1.2"


class Anonymous(Struct, frozen=True):
    """What those may do who do not say who they are (the user public)."""

    read: Annotated[bool, FLAG, "See jobs, workers and files that are open to the public."] = True
    write: Annotated[bool, FLAG, "Submit jobs, register workers and run work, change what is public's."] = True
    delete: Annotated[bool, FLAG, "Delete jobs and files that are public's."] = True


class Security(Struct, frozen=True):
    """What the daemon refuses unless it is allowed here."""

    anonymous_beyond_loopback: Annotated[
        bool,
        FLAG,
        "Allow [Anonymous] write and delete although other machines can connect. Whoever reaches the port can then"
        " run commands on the workers.",
    ] = False
    trusted_proxies: Annotated[
        tuple[str, ...],
        PROXIES,
        "Proxies that are believed on who sent a request, and to which address (Forwarded, or X-Forwarded-For, -Proto"
        " and -Host): addresses and networks, separated by commas, and unix for those who come by a socket file.",
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        NAMES,
        "Other sites whose pages may use the API without a token, as [Anonymous] allows: https://monitor.example.org,"
        " separated by commas, or * for all. Pages with a token may from anywhere.",
    ] = ()
    data_hosts: Annotated[
        tuple[str, ...],
        URLS,
        "Shock hosts that jobs may use although they have no public address, as http://shock:7445, separated by"
        " commas. Data tokens of jobs go there, and what they say is told to users. A daemon that only this machine"
        " can reach may also use hosts on this machine.",
    ] = ()
    fetch_urls: Annotated[
        bool,
        FLAG,
        "Fetch files from http and https URLs into the node store (form field upload_url).",
    ] = False
    fetch_inside: Annotated[
        bool,
        FLAG,
        "Fetch them from addresses that are not public as well (loopback, private and link-local ones): users reach"
        " whatever this machine reaches.",
    ] = False


class Admin(Struct, frozen=True):
    """Who runs this server."""

    email: Annotated[str, TEXT, "Whom users may ask. GET / shows it."] = ""
    users: Annotated[
        tuple[str, ...],
        NAMES,
        "Users with the rights of an administrator, separated by commas. SIGHUP has it read again.",
    ] = ()


class Auth(Struct, frozen=True):
    """How users and workers say who they are."""

    client_auth_required: Annotated[bool, FLAG, "Register only workers with the token of a client group."] = False
    globus_token_url: Annotated[str, URL, "Globus: where tokens are issued."] = ""
    globus_profile_url: Annotated[str, URL, "Globus: where the user of a token is asked for."] = ""
    mgrast_oauth_url: Annotated[str, URL, "MG-RAST: where the user of a token is asked for."] = ""
    userinfo_urls: Annotated[
        Mapping[str, str],
        WORD_URLS,
        "Any server with OpenID Connect's user-info endpoint, by the word that introduces its tokens:"
        " bearer=https://id.example/userinfo. The word oauth means the first server of this section.",
    ] = {}


class Directories(Struct, frozen=True):
    """Where the daemon keeps its files. $VARIABLES and ~ are replaced."""

    data: Annotated[str, PATH, "Database, files, admin-token and lock. Made if it is not there. As --data."] = ""
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
    """How jobs, work and workers are treated."""

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
        int, whole(1), "Failures after which a workunit is suspended, and its job with it."
    ] = 3
    max_client_failure: Annotated[
        int,
        whole(1),
        "A worker at which something of so many jobs in a row failed, and was done by others, idles for a while.",
    ] = 5
    expire_wait: Annotated[int, whole(1), "Minutes between two looks for expired jobs."] = 60
    global_expire: Annotated[
        float | None, DURATION, "How long jobs are kept after their end: 30M, 12H, 7D. If empty: for ever."
    ] = None
    pipeline_expire: Annotated[
        Mapping[str, float], DURATIONS, "The same for single pipelines, before global_expire: name=7D,other=12H."
    ] = {}


class Limits(Struct, frozen=True):
    """What one request and one user may cost. Sizes are bytes, or end in K, M, G or T (powers of 1024)."""

    max_document: Annotated[int, SIZE, "Largest job document, client profile or report."] = 64 << 20
    max_tasks: Annotated[int, whole(1), "Most tasks of a job document."] = 1_000_000
    max_dependencies: Annotated[int, whole(1), "Most entries of dependsOn in a job document."] = 1_000_000
    user_jobs: Annotated[
        int, whole(0), "Most unfinished jobs of a user, who is no administrator. 0: no limit, here and below."
    ] = 200_000
    user_tasks: Annotated[int, whole(0), "Most tasks that these have in all."] = 2_000_000
    user_bytes: Annotated[int, SIZE, "Most bytes that their documents have in all."] = 4 << 30
    user_groups: Annotated[int, whole(0), "Most client groups of a user, who is no administrator."] = 100
    max_upload: Annotated[
        int, SIZE, "Largest file in the node store, uploaded or made there of others. 0: no limit."
    ] = 0
    min_free_space: Annotated[int, SIZE, "Uploads are refused that would leave less free disk than this."] = 1 << 30
    long_work: Annotated[
        int,
        whole(1),
        "Threads for work on files that takes long: merges, joins, subsets, indexes, packing and unpacking. Users get"
        " them in turns.",
    ] = 2
    long_work_per_user: Annotated[
        int,
        whole(1),
        "How many such works of one user are under way at a time, and how many files fetched from URLs. Further ones"
        " wait.",
    ] = 4


class Args(Struct, frozen=True):
    """The log."""

    debuglevel: Annotated[
        int,
        whole(0, 3),
        "How much the log tells, until PUT /logger?debug= or SIGHUP says otherwise: with 1 each request, with 2 also"
        " each event, with 3 also each commit and work on files.",
    ] = 0
    log_format: Annotated[
        str, choice("text", "json"), "Lines of the log: text for people, json for machines. As --log-format."
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
    args: Args = Args()


class Setting(Struct, frozen=True):
    """One row of the table. *section* and *key* as they stand in a file, *attributes* as in :class:`Config`."""

    section: str
    key: str
    attributes: tuple[str, str]
    kind: Kind[Any]
    about: str
    default: object

    def __str__(self) -> str:
        return f"[{self.section}] {self.key}"

    def value_in(self, config: Config) -> object:
        """What *config* says of it."""
        section, key = self.attributes
        return getattr(getattr(config, section), key)

    @property
    def default_text(self) -> str:
        """The default as a file would give it; nothing for None and for empty collections."""
        return "" if self.default in (None, "", (), {}) else self.kind.show(self.default)


def settings() -> Iterator[Setting]:
    """The table, in the order of the sample file."""
    for section in msgspec.structs.fields(Config):
        for item in msgspec.structs.fields(section.type):
            _, kind, about = get_args(item.type)
            default = getattr(section.default, item.name)
            yield Setting(section.encode_name, item.encode_name, (section.name, item.name), kind, about, default)
