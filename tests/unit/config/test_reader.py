"""What a configuration file may say, and what is told of one that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awed.config import Config, ConfigError, parse_config, read_config
from awed.config.kinds import SIZE
from awed.config.settings import settings

ORIGINAL = """
[Anonymous]
read=true
write=true
delete=false
create-user=true

[Ports]
# Note: port 80 needs root
site-port=8081
api-port=8003

[External]
site-url=
api-url=http://awe.example.org:8003/

[Admin]
users=ada, grace
email=admin@example.org
secretkey=supersecretkey

[Directories]
site=$GOPATH/src/site
data=/mnt/data/awe/data ; the big disk
logs=/mnt/data/awe/logs

[Mongodb]
hosts=localhost,other:27018
database=AWEDB
user=
password=pa%ss

[Mongodb-Node-Indices]
id=unique:true

[Args]
debuglevel=1

[Server]
perf_log_workunit=true
max_work_failure=5
expire_wait=30
global_expire=7D
pipeline_expire=mgrast=30D, test = 2H
"""


def parse(text: str) -> Config:
    return parse_config(text, "awed.conf").config


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, "awed.conf")
    return raised.value.texts


def test_words_that_introduce_tokens_of_identity_servers() -> None:
    config = parse("[Auth]\nuserinfo_urls = Bearer=https://id.example/me?a=b, kc = http://kc:8080/userinfo/\n")
    assert config.auth.userinfo_urls == {"bearer": "https://id.example/me?a=b", "kc": "http://kc:8080/userinfo"}
    for wrong in (
        "https://id.example/me",
        "bearer=id.example",
        "=https://id.example",
        "two words=https://id.example",
    ):
        [fault] = faults(f"[Auth]\nuserinfo_urls = {wrong}\n")
        assert "expected words with URLs" in fault


def test_empty_file_is_all_defaults() -> None:
    assert parse("") == Config()


def test_file_of_the_original_works() -> None:
    reading = parse_config(ORIGINAL, "awes.cfg")
    config = reading.config
    assert config.ports.api_port == 8003
    assert config.external.api_url == "http://awe.example.org:8003"
    assert (config.anonymous.read, config.anonymous.delete) == (True, False)
    assert config.admin.users == ("ada", "grace")
    assert config.directories.data == "/mnt/data/awe/data"
    assert config.mongodb.hosts == ("localhost", "other:27018")
    assert config.mongodb.password == "pa%ss"
    assert config.args.debuglevel == 1
    assert config.server.max_work_failure == 5
    assert config.server.global_expire == 7 * 86400
    assert config.server.pipeline_expire == {"mgrast": 30 * 86400, "test": 7200}
    assert reading.warnings == []
    assert "[Ports] site-port" in reading.ignored
    assert "[Mongodb-Node-Indices] id" in reading.ignored
    assert "[Admin] secretkey" in reading.ignored


def test_empty_value_means_the_default() -> None:
    assert parse("[Ports]\napi-port =\n[Server]\ntitle=\n") == Config()


@pytest.mark.parametrize("text", ["[ports]\nAPI-PORT=9", "[PORTS]\napi_port=9", "[Ports]\napi-port: 9"])
def test_names_may_be_spelled_in_any_case_with_hyphens_or_underscores(text: str) -> None:
    assert parse(text).ports.api_port == 9


def test_listen_takes_one_endpoint_a_line() -> None:
    config = parse("[Ports]\nlisten =\n  tcp:8001\n  unix:/run/awed.sock\n")
    assert config.ports.listen == ("tcp:8001", "unix:/run/awed.sock")


def test_paths_know_variables_and_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("DISK", "/big")
    config = parse("[Directories]\ndata = $DISK/awed\nlogs = ~/logs\n")
    assert (config.directories.data, config.directories.logs) == ("/big/awed", "/home/ada/logs")


@pytest.mark.parametrize("word", ["true", "Yes", "ON", "1"])
def test_flags_are_words_or_digits(word: str) -> None:
    assert parse(f"[Security]\nanonymous_beyond_loopback={word}").security.anonymous_beyond_loopback


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("[Ports]\napi-port = 70000", "[Ports] api-port = 70000: expected a whole number 0..65535"),
        ("[Ports]\napi-port = http", "[Ports] api-port = http: expected a whole number 0..65535"),
        ("[Server]\nmax_work_failure = 0", "[Server] max_work_failure = 0: expected a whole number of at least 1"),
        ("[Anonymous]\nwrite = maybe", "[Anonymous] write = maybe: expected true or false"),
        ("[External]\napi-url = awe:80", "[External] api-url = awe:80: expected a URL, http://... or https://..."),
        (
            "[External]\napi-url = http://a:b",
            "[External] api-url = http://a:b: expected a URL, http://... or https://...",
        ),
        (
            "[Server]\nglobal_expire = 7",
            "[Server] global_expire = 7: expected minutes, hours or days, as 30M, 12H or 7D",
        ),
        (
            "[Server]\nglobal_expire = 0M",
            "[Server] global_expire = 0M: expected minutes, hours or days, as 30M, 12H or 7D",
        ),
        (
            "[Server]\nglobal_expire = 9999999D",
            "[Server] global_expire = 9999999D: expected minutes, hours or days, as 30M, 12H or 7D",
        ),
        (
            "[Server]\npipeline_expire = a=7D,b",
            "[Server] pipeline_expire = a=7D,b: expected pipelines with minutes, hours or days, as name=30M,other=7D",
        ),
        (
            "[Server]\npipeline_expire = =7D",
            "[Server] pipeline_expire = =7D: expected pipelines with minutes, hours or days, as name=30M,other=7D",
        ),
        (
            "[Limits]\nmax_upload = 1 GB",
            "[Limits] max_upload = 1 GB: expected a number of bytes, as 500K, 64M, 2G or 1T",
        ),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(entry: str, expected: str) -> None:
    assert faults(entry) == [f"awed.conf: {expected}"]


def test_all_wrong_values_are_told_together() -> None:
    assert len(faults("[Ports]\napi-port=x\n[Anonymous]\nread=x\nwrite=true\ndelete=x\n")) == 3


@pytest.mark.parametrize("text", ["[Ports]\napi-port=1\napi_port=2", "[Ports]\napi-port=1\n[ports]\napi-port=2"])
def test_a_setting_given_twice_is_a_fault(text: str) -> None:
    assert faults(text) == ["awed.conf: [Ports] api-port is set twice"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("title=x", "line: 1"), ("[Server]\ntitle", "[line 2]"), ("[Server]\ntitle=a\ntitle=b", "[line 3]")],
)
def test_a_file_that_is_no_ini_file_is_a_fault_with_its_line(text: str, place: str) -> None:
    (fault,) = faults(text)
    assert "\n" not in fault
    assert "awed.conf" in fault
    assert place in fault


def test_unknown_settings_are_named_and_the_likely_one_suggested() -> None:
    reading = parse_config(
        "[Server]\nmax_work_failures=3\napi-port=80\ncolour=red\n[Sever]\ntitle=x\n[DEFAULT]\na=b\n", "awed.conf"
    )
    assert reading.config == Config()
    assert reading.warnings == [
        "awed.conf: unknown setting [Server] max_work_failures; did you mean [Server] max_work_failure?",
        "awed.conf: unknown setting [Server] api-port; did you mean [Ports] api-port?",
        "awed.conf: unknown setting [Server] colour",
        "awed.conf: unknown setting [Sever] title; did you mean [Server] title?",
        "awed.conf: unknown setting [DEFAULT] a",
    ]


def test_read_config_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "awed.conf"
    file.write_bytes(b"\xef\xbb\xbf[Server]\ntitle = \xc3\x9cber\n")
    assert read_config(str(file)).config.server.title == "Über"


def test_a_missing_file_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"/nowhere/awed\.conf: No such file or directory"):
        read_config("/nowhere/awed.conf")


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "awed.conf"
    file.write_bytes(b"[Server]\ntitle = \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_config(str(file))


@given(st.integers(0, 1 << 50))
def test_sizes_are_read_as_they_are_shown(size: int) -> None:
    assert SIZE.read(SIZE.show(size)) == size


def test_every_default_is_what_its_text_reads_as() -> None:
    for row in settings():
        if row.default_text:
            assert row.kind.read(row.default_text) == row.default, row


def test_proxies_are_addresses_and_networks() -> None:
    config = parse("[Security]\ntrusted_proxies = 127.0.0.1, 10.0.0.0/8, ::1, unix\n")
    assert config.security.trusted_proxies == ("127.0.0.1", "10.0.0.0/8", "::1", "unix")
    [fault] = faults("[Security]\ntrusted_proxies = proxy.example\n")
    assert fault.endswith("expected addresses, networks as 10.0.0.0/8, or unix, separated by commas")


def test_a_choice_is_one_of_its_texts() -> None:
    assert parse("[SSL]\nminimum = TLSv1.3\n").ssl.minimum == "TLSv1.3"
    assert faults("[SSL]\nminimum = SSLv3\n") == ["awed.conf: [SSL] minimum = SSLv3: expected TLSv1.2 or TLSv1.3"]
