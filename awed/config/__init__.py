"""The typed configuration, read from an INI file."""

from awed.config.reader import ConfigError, Reading, parse_config, read_config
from awed.config.settings import Config

__all__ = ["Config", "ConfigError", "Reading", "parse_config", "read_config"]
