"""What the measurements share: a daemon of their own, simulated clients on raw sockets, tables of medians."""
