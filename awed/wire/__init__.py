"""What both sides of the API say, once: the daemon on one, workers and people's programs on the other. No I/O."""
