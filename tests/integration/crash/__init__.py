"""The crash test: a daemon that is killed at random moments while clients submit and work at full speed."""
