"""The commands of ``awe`` that open the daemon's store directly. They need no token, but access to its data."""
