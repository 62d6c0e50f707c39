"""Where commands run: as they are, in a sandbox, or in containers of an engine."""
