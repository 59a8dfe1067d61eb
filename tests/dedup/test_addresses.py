import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.addresses import TRACKING, canonical_url

URLS = st.one_of(
    st.text(),
    st.text(alphabet="hHtTpPs:/?#&=%[]@.aA41 \t\n-_~é0"),
    st.builds("http://{}:{}/{}?{}#{}".format, st.text(), st.text(alphabet="08"), st.text(), st.text(), st.text()),
)


@given(URLS)
def test_any_string_has_a_canonical_form_which_is_its_own(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.COM/Path", "http://example.com/Path"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com?a=1", "http://example.com/?a=1"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:0080/", "http://example.com/"),
        ("https://example.com:443/", "https://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://example.com:/", "http://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("http://example.com./x", "http://example.com/x"),
        ("http://example.com.:80/x", "http://example.com/x"),
        ("http://User@Example.com/", "http://User@example.com/"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("http://example.com/a#b", "http://example.com/a"),
        ("http://example.com/#", "http://example.com/"),
        ("http://example.com/?", "http://example.com/"),
        ("  http://exa\nmple.com/\t ", "http://example.com/"),
        ("http://example.com/%7euser/%2d", "http://example.com/~user/-"),
        ("http://example.com/a%2fb%c3%a9", "http://example.com/a%2Fb%C3%A9"),
        ("http://example.com/é", "http://example.com/%C3%A9"),
        ("http://example.com/a b|c", "http://example.com/a%20b%7Cc"),
        ("http://example.com/100%", "http://example.com/100%25"),
        ("http://example.com/%%341", "http://example.com/%2541"),
        ("http://example.com/?b=2&a=1", "http://example.com/?b=2&a=1"),
        ("http://example.com/?b=2&utm_source=x&a=1&UTM_Medium=y", "http://example.com/?b=2&a=1"),
        ("http://example.com/?utm%5Fsource=x", "http://example.com/"),
        ("http://example.com/?fbclid=abc#top", "http://example.com/"),
        ("http://example.com/?q=gclid", "http://example.com/?q=gclid"),
        ("http://example.com/?a=&b", "http://example.com/?a=&b"),
        ("http://www.example.com/", "http://www.example.com/"),
        ("mailto:A@Example.com", "mailto:A@Example.com"),
        ("", ""),
        ("not an address", "not%20an%20address"),
    ],
)
def test_what_becomes_of_an_address(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize("name", sorted(TRACKING))
def test_each_tracking_parameter_goes_and_one_that_only_begins_like_it_stays(name: str) -> None:
    assert canonical_url(f"http://a.org/?{name}=1&page=2") == "http://a.org/?page=2"
    assert canonical_url(f"http://a.org/?{name}s=1") == f"http://a.org/?{name}s=1"
