"""Where the log goes: to where twistd would write it, in lines of our own."""

import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver
from twisted.python.components import Componentized
from twisted.python.logfile import LogFile

from awed.daemon.lifecycle import SteppedService
from awed.tx.loglines import observer


class Daemon(SteppedService):
    """The service that twistd runs. *log*, if it is given, writes the log instead of twistd."""

    log: ILogObserver | None = None

    def setServiceParent(self, parent: Any) -> None:
        """This is how a service comes to know the application, which is where twistd looks for an observer."""
        if self.log is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.log)
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]


def open_log(line: str, twistd: Mapping[str, Any], reactor: IReactorFromThreads) -> ILogObserver | None:
    """Writes lines of this format to where twistd, which has these options, would write the log; None if it was told
    how to log itself."""
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
    """SIGUSR1 rotates the log, as always with twistd."""

    def rotate(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(file.rotate)

    signal.signal(signal.SIGUSR1, rotate)
