"""What Prometheus is told: numbers of the engine, measures of requests and commits, the state of the process."""
