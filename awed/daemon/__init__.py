"""The daemon, ``twistd awe``: makes all parts, joins them, starts and stops them."""
