"""Makes ``twistd awe`` known; nothing of awed is imported until it runs."""

from twisted.application.service import ServiceMaker

awe = ServiceMaker("awed", "awed.daemon.service", "The AWE workflow server", "awe")
