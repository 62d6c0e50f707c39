"""A job and its records as a Workflow Run RO-Crate, in JSON-LD. Nothing here does I/O."""
