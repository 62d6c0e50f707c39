"""``awed-metrics``: what Prometheus finds at ``GET /metrics``."""

from collections.abc import Iterator

from awed.metrics.catalogue import CATALOGUE, Metric
from fromcode.text import FromCode, code, escaped, table


class Metrics(FromCode):
    """One table of all."""

    def text(self) -> Iterator[str]:
        yield table(("Metric", "Kind", "Labels", "What it says"), map(_row, CATALOGUE), (5, 2, 2, 8))


def _row(metric: Metric) -> tuple[str, ...]:
    name = metric.samples[0] if metric.kind == "counter" else metric.name
    return code(name), metric.kind, ", ".join(map(code, metric.labels)), escaped(metric.about)
