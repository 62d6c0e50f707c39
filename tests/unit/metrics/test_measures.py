"""What is measured stands in the right place of its distribution."""

import pytest
from twisted.internet.task import Clock

from awed.metrics.measures import INTERVAL, Histogram, Measures, ReactorDelay
from awed.model.records import Batch


def test_a_value_counts_for_each_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        histogram.observe(value)
    assert histogram.buckets() == [("1.0", 2), ("2.0", 3), ("+Inf", 4)]
    assert histogram.sum == 6.0


def test_the_size_of_a_batch_is_all_that_it_writes_and_removes() -> None:
    measures = Measures()
    measures.committed(Batch(gone_jobs=["a", "b"], meta={"c": "d"}), 0.5)
    assert (measures.commit_records.sum, measures.commit_seconds.sum) == (3, 0.5)


def test_a_late_timer_tells_by_how_much() -> None:
    late: list[float] = []
    clock = Clock()
    delay = ReactorDelay(late.append, clock, clock.seconds)
    delay.start()
    clock.advance(INTERVAL)
    clock.advance(INTERVAL + 3)
    assert late == [pytest.approx(0), pytest.approx(3)]
    delay.stop()
    assert not clock.getDelayedCalls()
