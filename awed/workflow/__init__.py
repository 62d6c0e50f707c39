"""Reading of job documents: both forms of them, all checks, and the dependencies of the tasks."""
