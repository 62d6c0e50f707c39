"""The scheduler core, in plain synchronous Python: which work is ready, who may have it, what a report changes."""
