"""Tests of awed.cwl."""
