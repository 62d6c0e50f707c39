"""All metrics: name, labels and description. The documentation has them from here."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family

from awed.metrics.measures import Histogram

Values = Iterable[tuple[tuple[str, ...], float]]
"""Values of labels, in the order of a metric's labels, each with the value of the metric."""


class Metric(Struct, frozen=True):
    """A metric. *about*: its description. *labels*: names of its labels."""

    kind: Literal["gauge", "counter", "histogram"]
    name: str
    about: str
    labels: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of the metric's samples, by which Prometheus is queried."""
        ends = {"gauge": ("",), "counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        return tuple(self.name + end for end in ends[self.kind])

    def values(self, values: Values) -> Family:
        """The metric, which is no histogram, with these values."""
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = kind(self.name, self.about, labels=self.labels)
        for labels, value in values:
            family.add_metric(labels, value)
        return family

    def value(self, value: float) -> Family:
        """The metric, which has no labels, with this value."""
        return self.values([((), value)])

    def histograms(self, histograms: Iterable[tuple[tuple[str, ...], Histogram]]) -> Family:
        """The metric, which is a histogram, with these values of labels and histograms."""
        family = HistogramMetricFamily(self.name, self.about, labels=self.labels)
        for labels, histogram in histograms:
            family.add_metric(labels, histogram.buckets(), histogram.sum)
        return family


INFO = Metric("gauge", "awed_info", "Always 1.", ("version",))
READY = Metric("gauge", "awed_ready", "1 if GET /ready says that requests can be done, else 0.")

JOBS = Metric("gauge", "awed_jobs", "Unfinished jobs.", ("state",))
TASKS = Metric("gauge", "awed_tasks", "Tasks of unfinished jobs.", ("state",))
WORKUNITS = Metric("gauge", "awed_workunits", "Workunits that are queued, out or suspended.", ("state",))
CLIENTS = Metric("gauge", "awed_clients", "Workers that are registered.", ("state",))
CLIENTS_WAITING = Metric("gauge", "awed_clients_waiting", "Requests of workers that wait for work.")
QUEUE_SUSPENDED = Metric("gauge", "awed_queue_suspended", "1 if no work is handed out, else 0.")
QUEUED = Metric(
    "gauge",
    "awed_queued_workunits",
    "Queued workunits by the groups that they name, empty for none, and their command. The largest 100 kinds have"
    " samples of their own, all others one together, as other.",
    ("group", "app"),
)
QUEUED_AGE = Metric(
    "gauge",
    "awed_queued_age_seconds",
    "For how long the oldest of these has been queued, counted from the daemon's start at the earliest.",
    ("group", "app"),
)

JOBS_SUBMITTED = Metric("counter", "awed_jobs_submitted", "Jobs that were submitted.")
JOBS_COMPLETED = Metric("counter", "awed_jobs_completed", "Jobs that were completed.")
JOBS_SUSPENDED = Metric("counter", "awed_jobs_suspended", "Suspensions of a job, by a person or after failures.")
TASKS_COMPLETED = Metric("counter", "awed_tasks_completed", "Tasks that were completed.")
CHECKOUTS = Metric("counter", "awed_checkouts", "Workunits that were handed out.")
REPORTS = Metric(
    "counter",
    "awed_reports",
    "Reports of workunits. Refused ones are from workers that do not, or no longer, have the workunit. Discarded ones"
    " include work that could not be sent to its worker.",
    ("status",),
)
FAILURES = Metric("counter", "awed_failures", "Runs of a workunit that failed.")
RETRIES = Metric("counter", "awed_retries", "Workunits that were queued again because their run failed.")
GIVEN_UP = Metric("counter", "awed_given_up", "Workunits that were suspended because they failed too often.")
CLIENTS_REGISTERED = Metric("counter", "awed_clients_registered", "Workers that registered for the first time.")
CLIENTS_LOST = Metric("counter", "awed_clients_lost", "Workers that were silent for too long.")

REQUESTS = Metric("counter", "awed_requests", "Requests that were answered.", ("method", "route", "code"))
FAULTS = Metric("counter", "awed_faults", "Requests that failed by a fault of awed's own: those answered with 500.")
REQUEST_SECONDS = Metric(
    "histogram",
    "awed_request_seconds",
    "From the whole request to the end of its answer. The route /work?client&wait includes the wait for work.",
    ("method", "route"),
)
COMMIT_SECONDS = Metric("histogram", "awed_commit_seconds", "How long the store took to write a batch.")
COMMIT_RECORDS = Metric("histogram", "awed_commit_records", "Records of a batch, deleted ones included.")
COMMIT_FAILURES = Metric("counter", "awed_commit_failures", "Commits that failed. They are tried again.")
EFFECT_SECONDS = Metric(
    "histogram", "awed_effect_seconds", "How long files of tasks took to prepare, check and delete.", ("effect",)
)
REACTOR_DELAY = Metric(
    "histogram", "awed_reactor_delay_seconds", "How late timers fire, which is how long a request waits for its turn."
)

NODE_BYTES = Metric("gauge", "awed_node_bytes", "Bytes of the files of all nodes; soon after a start, of some.")
DISK_FREE = Metric("gauge", "awed_disk_free_bytes", "Free space on the disk of the node store.")
DISK_SIZE = Metric("gauge", "awed_disk_size_bytes", "Size of the disk of the node store.")

CATALOGUE = tuple(item for item in list(globals().values()) if isinstance(item, Metric))
"""All metrics but ``process_...``, which prometheus_client adds."""
