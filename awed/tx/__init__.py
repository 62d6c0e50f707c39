"""What Twisted lacks: threads, timers, locks, streams and files. It knows the errors of the model, and no jobs."""
