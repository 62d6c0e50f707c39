"""Measurements: one small program for each question, each with its yardstick in the same run. ``make bench``."""
