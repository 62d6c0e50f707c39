"""A document becomes a job: both document forms, all checks, the dependency graph."""
