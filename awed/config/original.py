"""Keys of the original AWE's configuration that awed ignores, without a warning about an unknown setting."""

from collections.abc import Mapping

IGNORED: Mapping[str, frozenset[str]] = {
    "ports": frozenset({"site_port"}),
    "external": frozenset({"site_url"}),
    "anonymous": frozenset({"create_user", "cg_read", "cg_write", "cg_delete"}),
    "auth": frozenset({"basic", "oauth_urls", "oauth_bearers", "login_url", "mgrast_login_url"}),
    "admin": frozenset({"secretkey"}),
    "directories": frozenset({"site", "awf"}),
    "mongodb": frozenset({"timeout"}),
    "paths": frozenset({"pidfile"}),
    "server": frozenset(
        {
            "perf_log_workunit",
            "big_data_size",
            "coreq_length",
            "go_max_procs",
            "reload",
            "recover",
            "recover_max",
        }
    ),
    "other": frozenset({"dev", "debuglevel", "conf", "logoutput"}),
    "docker": frozenset({"use_docker", "use_app_defs", "app_registry_url"}),
    "app": frozenset({"app_registry_url"}),
}
"""Ignored keys by section, all in lower case and with underscores."""

IGNORED_SECTIONS = frozenset({"mongodb_node_indices", "client", "proxy"})
"""Sections of which every key is ignored, such as those for the original's workers and proxy."""
