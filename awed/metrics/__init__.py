"""Metrics for Prometheus: numbers of the engine, measurements of requests and commits, the state of the process."""
