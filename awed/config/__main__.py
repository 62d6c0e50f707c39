"""``python -m awed.config`` prints the sample file."""

from awed.config.sample import sample

print(sample(), end="")
