"""Runs CWL workflows: each command is a TES task of the daemon, all else is done here, with cwltool. Needs the extra
``cwl``."""
