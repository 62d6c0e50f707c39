"""The one parser of URLs."""

import pytest

from awed.model.addresses import (
    Address,
    address,
    bucket_and_key,
    has_user,
    with_password,
    without_password,
    without_secrets,
)


@pytest.mark.parametrize(
    ("url", "found", "uri"),
    [
        ("http://awe_server:8001", Address("http", "awe_server", 8001, "/"), "http://awe_server:8001/"),
        ("http://[::1]:8001/a?b#c", Address("http", "::1", 8001, "/a?b"), "http://[::1]:8001/a?b"),
        ("HTTPS://Host.Example/", Address("https", "host.example", 443, "/"), "https://host.example/"),
        ("http://10.0.0.1:80?x", Address("http", "10.0.0.1", 80, "/?x"), "http://10.0.0.1/?x"),
        ("http://u:p%40@h/x", Address("http", "h", 80, "/x", "u:p@"), "http://h/x"),
        ("http://u@h:1/x@y", Address("http", "h", 1, "/x@y", "u"), "http://h:1/x@y"),
        (
            "http://grün.example/ü?ä=%41",
            Address("http", "xn--grn-ioa.example", 80, "/%C3%BC?%C3%A4=%41"),
            "http://xn--grn-ioa.example/%C3%BC?%C3%A4=%41",
        ),
    ],
)
def test_urls_as_people_write_them(url: str, found: Address, uri: str) -> None:
    assert address(url) == found
    assert found.uri == uri


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "expected http://HOST"),
        ("ftp://h", "expected http://HOST"),
        ("http://", "expected http://HOST"),
        ("http://:80", "expected http://HOST"),
        ("http://h:x", "expected http://HOST"),
        ("http://h:0", "expected http://HOST"),
        ("http://h:65536", "expected http://HOST"),
        ("http://[::1", "expected http://HOST"),
        ("http://[::g]/", "expected http://HOST"),
        ("http://a b/", "it has a blank"),
        ("http://a\tb/", "it has a blank"),
        ("http://a..b/", "'a..b' is neither"),
        ("http://a,b/", "'a,b' is neither"),
        ("https://a_b/", "no certificate can have the host name 'a_b'"),
    ],
)
def test_what_is_no_url_of_a_host(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault.replace(".", r"\.")):
        address(url)


@pytest.mark.parametrize(
    ("url", "plain", "password"),
    [
        ("http://u:p@h/x", "http://u@h/x", "p"),
        ("http://u:a:b@h/x", "http://u@h/x", "a:b"),
        ("http://:p@h/x", "http://@h/x", "p"),
        ("http://u:a@b@h/x", "http://u@h/x", "a@b"),
        ("HTTP://u@v:p@h/x", "HTTP://u@v@h/x", "p"),
        ("http://u@h/x", "http://u@h/x", ""),
        ("http://h:1/x:y@z", "http://h:1/x:y@z", ""),
        ("http://h/?x=http://u:p@h", "http://h/?x=http://u:p@h", ""),
    ],
)
def test_a_password_is_taken_out_and_put_back(url: str, plain: str, password: str) -> None:
    assert without_password(url) == (plain, password)
    if password:
        assert with_password(plain, password) == url
    assert has_user(plain) is plain.lower().startswith(("http://u", "http://@"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://h/k?a=1&X-Amz-Security-Token=a%2Fb&X-Amz-Signature=0#f",
            "https://h/k?a=1&X-Amz-Security-Token=***&X-Amz-Signature=***#f",
        ),
        ("https://h/k?sv=2&sig=a=b&se=3", "https://h/k?sv=2&sig=***&se=3"),
        ("HTTP://h/k?access_token=x", "HTTP://h/k?access_token=***"),
        ("http://h/k?api_key=x&id=1", "http://h/k?api_key=***&id=1"),
        ("http://h/token=x?id=1&config=2&author=3&token=", "http://h/token=x?id=1&config=2&author=3&token="),
        ("http://h/node/x?download", "http://h/node/x?download"),
        ("s3://b/k?token=x", "s3://b/k?token=x"),
    ],
)
def test_values_in_a_query_that_open_a_url_are_not_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("a b", "a b"),
        ("a%20b", "a b"),
        ("a+b", "a+b"),
        ("50%", "50%"),
        ("50%25", "50%"),
        ("a#b?c=d/", "a#b?c=d/"),
        ("é", "é"),
    ],
)
def test_a_key_of_s3_is_taken_as_programs_write_it(url: str, key: str) -> None:
    assert bucket_and_key(f"s3://b.c-d/{url}") == ("b.c-d", key)


@pytest.mark.parametrize("url", ["s3://b/", "s3://b", "s3:///k", "s3://b/a\nb", "s3://b c/k", "s3://b/%ff"])
def test_what_names_no_object_of_s3_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected s3://BUCKET/KEY"):
        bucket_and_key(url)
