"""The page of a daemon in memory."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from awed.metrics.exposition import Exposition
from awed.metrics.measures import Measures
from awed.nodes.store import NodeStore
from tests.unit.api.served import Served
from tests.unit.web.traversal import at_once


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
def exposition(served: Served, measures: Measures, tmp_path: Path) -> Exposition:
    nodes = cast(NodeStore, SimpleNamespace(bytes=12))
    return Exposition(
        engine=served.engine,
        groups=served.groups,
        nodes=nodes,
        measures=measures,
        place=tmp_path,
        in_thread=at_once,
        seconds=served.clock.seconds,
    )
