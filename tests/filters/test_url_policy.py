"""URL policy on small lists of its own: each reason, their order, and what must not crash."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.url import BLOCKLIST, HARD_WORDS, SOFT_WORDS, SUBWORDS, UrlPolicy
from pipeline.assets import Asset
from pipeline.errors import RecipeError
from pipeline.measures import Gate
from pipeline.pages import Pages

DOMAINS = b"# a comment\n\nbad.com\nworse.co.uk\nuser.host.com\n10.0.0.1\n"
URLS = b"\nfine.com/bad-page\n# another\n"


def asset(path: Path, content: bytes) -> Asset:
    path.write_bytes(content)
    return Asset(name=path.name, sha256=hashlib.sha256(content).hexdigest(), location=str(path))


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


@pytest.fixture(scope="module")
def policy(folder: Path) -> UrlPolicy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_CACHE", str(folder / "cache"))
        policy = UrlPolicy(
            blocklist=asset(folder / "lists.tar.gz", archive(domains=DOMAINS, urls=URLS)),
            hard_words=asset(folder / "hard.txt", b"Hard-Word\nawful\n#fine\n\n"),
            soft_words=asset(folder / "soft.txt", b"soft\nmild\nweak"),
            subwords=asset(folder / "sub.txt", b"horrid thing\nnasty\n#ok\n"),
        )
        policy.check()
    return policy


def reason(policy: UrlPolicy, url: str) -> str | None:
    (only,) = policy.judge(Pages([""], urls=[url])).reasons
    return only


def test_it_is_a_gate(policy: UrlPolicy) -> None:
    assert isinstance(policy, Gate)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://bad.com/", "blocked_domain"),
        ("https://www.shop.bad.com:8080/path?x=1", "blocked_domain"),
        ("http://worse.co.uk", "blocked_domain"),
        ("http://bad.com.fine.org/", None),
        ("http://user.host.com/page", "blocked_subdomain"),
        ("http://deep.user.host.com/page", None),
        ("http://host.com/page", None),
        ("fine.com/bad-page", "blocked_url"),
        ("http://fine.com/bad-page", None),
        ("http://fine.com/bad.com", None),
        ("http://10.0.0.1/", None),
        ("http://fine.com/awful", "hard_banned_word"),
        ("http://fine.com/AWFUL", None),
        ("http://fine.com/awfully", None),
        ("http://fine.com/hardword", "hard_banned_word"),
        ("http://fine.com/hard-word", None),
        ("http://fine.com/fine", None),
        ("http://fine.com/soft-mild", "soft_banned_words"),
        ("http://fine.com/soft-soft", None),
        ("http://fine.com/soft-Mild", None),
        ("http://fine.com/hor-RID_thing", "banned_subword"),
        ("http://fine.com/some(nas)ty.html", "banned_subword"),
        ("http://fine.com/ok", None),
    ],
)
def test_each_address_is_stopped_for_its_reason(policy: UrlPolicy, url: str, expected: str | None) -> None:
    assert reason(policy, url) == expected


def test_the_first_reason_wins(policy: UrlPolicy) -> None:
    assert reason(policy, "http://bad.com/awful/soft/mild/nasty") == "blocked_domain"
    assert reason(policy, "http://fine.com/awful/soft/mild/nasty") == "hard_banned_word"
    assert reason(policy, "http://fine.com/soft/mild/nasty") == "soft_banned_words"


@pytest.mark.parametrize(
    "url", ["", " ", "/", "http://", "not a url", "http://[::1", "http://[::1]/", "\x00", "\ud800", "//."]
)
def test_an_empty_or_unparsable_address_passes(policy: UrlPolicy, url: str) -> None:
    assert reason(policy, url) is None


def test_own_domains_and_urls_are_added_to_the_lists(policy: UrlPolicy) -> None:
    own = UrlPolicy(
        blocklist=policy.blocklist,
        hard_words=policy.hard_words,
        soft_words=policy.soft_words,
        subwords=policy.subwords,
        extra_domains=(" mine.org", "host.net"),
        extra_urls=("https://fine.com/mine",),
    )
    addresses = ("http://a.mine.org", "http://host.net", "https://fine.com/mine", "http://bad.com", "http://fine.com")
    expected = ["blocked_domain", "blocked_domain", "blocked_url", "blocked_domain", None]
    assert [reason(own, url) for url in addresses] == expected


def test_the_number_of_soft_words_is_a_parameter_of_at_least_one(policy: UrlPolicy) -> None:
    assert UrlPolicy().min_soft_words == 2
    with pytest.raises(RecipeError, match="min_soft_words"):
        UrlPolicy(min_soft_words=0)


@given(urls=st.lists(st.text() | st.from_regex(r"https?://[a-z.\[\]:@%]{0,12}/[a-zA-Z/-]{0,9}"), max_size=5))
def test_no_address_crashes_and_neighbours_do_not_matter(policy: UrlPolicy, urls: list[str]) -> None:
    together = policy.judge(Pages([""] * len(urls), urls=urls))
    assert together.reasons == [reason(policy, url) for url in urls]
    assert together.signals.num_rows == len(urls)
    assert set(together.reasons) <= {*policy.reasons, None}


def test_empty_word_lists_stop_nothing(policy: UrlPolicy, folder: Path) -> None:
    empty = asset(folder / "empty.txt", b"# nothing\n")
    lax = UrlPolicy(blocklist=policy.blocklist, hard_words=empty, soft_words=empty, subwords=empty)
    assert reason(lax, "http://fine.com/awful/soft/mild/nasty") is None


def test_an_archive_without_lists_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_CACHE", str(folder / "cache"))
    wrong = UrlPolicy(blocklist=asset(folder / "wrong.tar.gz", archive(readme=b"bad.com")))
    with pytest.raises(RecipeError, match="no blocklist"):
        wrong.check()


def test_what_is_no_archive_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_CACHE", str(folder / "cache"))
    with pytest.raises(RecipeError, match="no blocklist"):
        UrlPolicy(blocklist=asset(folder / "text.tar.gz", b"bad.com\n")).check()


@pytest.mark.parametrize("shipped", [BLOCKLIST, HARD_WORDS, SOFT_WORDS, SUBWORDS], ids=lambda asset: asset.name)
def test_the_shipped_lists_are_the_ones_that_are_installed(shipped: Asset) -> None:
    assert shipped.path().is_file()
