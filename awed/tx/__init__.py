"""What Twisted lacks: threads, timers, locks, streams, files, connections. Knows the model's errors, but no jobs."""
