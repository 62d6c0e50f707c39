"""The formats that the daemon shares with its clients (workers, ``awe``, the library). Knows no I/O."""
