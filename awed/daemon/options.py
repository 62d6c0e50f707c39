"""The command line of ``twistd awe``."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from twisted.python import usage

import awed
from awed.config import Config, ConfigError, Reading, read_config
from awed.store.open import default_uri
from awed.tx.loglines import FORMATS


class Options(usage.Options):
    """The options, which override the configuration file. *reading*: the result of both, once parsed.

    Faults end the program with exit status 1 and a line for each.
    """

    synopsis = "[options]"
    longdesc = "The AWE workflow server: takes jobs, and hands their work to workers over HTTP."
    optParameters = [
        ["data", "d", None, "Directory of the daemon's files; made if missing."],
        [
            "store",
            "s",
            None,
            "Where jobs are kept: sqlite:PATH or mongodb://HOST/DATABASE. [default: sqlite:DATA/awed.sqlite]",
        ],
        ["config", "c", None, "Configuration file; etc/awed.conf shows all settings."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.reading = Reading(Config())
        self._listen: list[str] = []
        self._log_format = ""

    def opt_listen(self, endpoint: str) -> None:
        """Twisted endpoint string to listen on; may be repeated. [default: tcp:8001:interface=127.0.0.1]"""
        self._listen.append(endpoint)

    opt_l = opt_listen

    def opt_log_format(self, name: str) -> None:
        """Lines of the log: text for people, json for programs. [default: text]"""
        if name not in FORMATS:
            raise usage.UsageError(f"--log-format: expected {' or '.join(FORMATS)}, found {name}")
        self._log_format = name

    def opt_version(self) -> None:
        """Show the version of awed and exit."""
        print(f"awed {awed.__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
            self.reading = self.read()
        except (usage.UsageError, ConfigError) as error:
            raise SystemExit(f"twistd awe: {error}") from None

    def read(self) -> Reading:
        """Read the configuration file and override it by the command line.

        Raises :class:`ConfigError`, also if no data directory is given.
        """
        reading = read_config(self["config"]) if self["config"] else Reading(Config())
        config = reading.config
        data = self["data"] or config.directories.data
        if not data:
            raise ConfigError("no data directory: give --data DIR, or [Directories] data in the configuration file")
        data = str(Path(data).absolute())
        store = self["store"] or config.server.store or default_uri(data, config.mongodb)
        listen = tuple(self._listen) or config.ports.listen
        config = replace(
            config,
            directories=replace(config.directories, data=data, logs=config.directories.logs or f"{data}/logs"),
            server=replace(config.server, store=store),
            ports=replace(config.ports, listen=listen),
            args=replace(config.args, log_format=self._log_format or config.args.log_format),
        )
        return replace(reading, config=config)
