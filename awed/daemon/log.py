"""The log of the daemon: written where twistd would write it, in awed's own formats."""

import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver
from twisted.python.components import Componentized
from twisted.python.logfile import LogFile

from awed.daemon.background import Foreground
from awed.daemon.lifecycle import SteppedService
from awed.tx.loglines import observer


class Daemon(SteppedService):
    """The service that twistd runs.

    *log*, unless None, writes the log in place of twistd. *foreground*, unless None, waits to hear how that went.
    """

    log: ILogObserver | None = None
    foreground: Foreground | None = None

    def startService(self) -> None:
        if self.foreground is not None:
            self.foreground.keep_waiting()
        super().startService()

    def setServiceParent(self, parent: Any) -> None:
        """Also register *log* with the application, *parent*, which is where twistd looks for a log observer."""
        if self.log is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.log)
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]


def open_log(line: str, twistd: Mapping[str, Any], reactor: IReactorFromThreads) -> ILogObserver | None:
    """The observer that writes the log where twistd, by its options *twistd*, would write it.

    *line*: the format, a key of FORMATS. None if twistd's options choose a logger of their own. Raises
    :class:`SystemExit` for a daemon that is to log to stdout.
    """
    if twistd["logger"] or twistd["syslog"]:
        return None
    name = twistd["logfile"]
    if name == "-" and not twistd["nodaemon"]:
        raise SystemExit("twistd awe: only with --nodaemon can the log go to stdout")
    if twistd["nodaemon"] and name in (None, "", "-"):
        return observer(sys.stdout, line)
    file = LogFile.fromFullPath(name or "twistd.log")
    _rotate_on_signal(file, reactor)
    return observer(file, line)


def _rotate_on_signal(file: LogFile, reactor: IReactorFromThreads) -> None:
    """Rotate the log at SIGUSR1, as twistd does."""

    def rotate(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(file.rotate)

    signal.signal(signal.SIGUSR1, rotate)
