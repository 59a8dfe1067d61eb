"""The asset-backed parts against datatrove's own blocks: same reasons, same scores, same matches, same counts."""

import random
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from url_reasons import DATATROVE_URL_REASONS

from filters.language import LID_176, Language
from filters.personal_data import PersonalData
from filters.tokens import TokenCounter
from filters.url import BLOCKLIST, HARD_WORDS, SOFT_WORDS, SUBWORDS, UrlPolicy
from pipeline.measures import undo
from pipeline.pages import Pages

pytestmark = pytest.mark.filterwarnings("ignore:The 'registered_domain' property is deprecated:DeprecationWarning")


def document(text: str, **metadata: object):
    from datatrove.data import Document

    return Document(text=text, id="", metadata=dict(metadata))


# --- URLs


@pytest.fixture(scope="module")
def policy(request: pytest.FixtureRequest) -> UrlPolicy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRISTMILL_CACHE", str(request.config.cache.mkdir("assets")))
        policy = UrlPolicy()
        policy.check()
    return policy


@pytest.fixture(scope="module")
def datatrove_reason(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str | None]]:
    from datatrove.pipeline.filters import url_filter
    from tldextract import TLDExtract

    with pytest.MonkeyPatch.context() as patch:
        lists = tmp_path_factory.mktemp("url_filter")
        patch.setattr(url_filter, "cached_assets_path", lambda **_: str(lists))
        theirs = url_filter.URLFilter()
        theirs.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)

        def reason(url: str) -> str | None:
            answer = theirs.filter(document("", url=url))
            return None if answer is True else answer[1]

        yield reason


def assert_same_reasons(policy: UrlPolicy, theirs: Callable[[str], str | None], urls: list[str]) -> Counter[str | None]:
    ours = policy.judge(Pages([""] * len(urls), urls=urls)).reasons
    differing = [
        (url, mine, their)
        for url, mine in zip(urls, ours, strict=True)
        if (None if mine is None else DATATROVE_URL_REASONS[mine]) != (their := theirs(url))
    ]
    assert differing == []
    return Counter(ours)


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line]


@pytest.fixture(scope="module")
def listed() -> dict[str, list[str]]:
    """A sample of the domains and all URLs of the blocklist."""
    with tarfile.open(BLOCKLIST.path()) as tar:
        domains, urls = (tar.extractfile(name).read().decode().splitlines() for name in ("domains", "urls"))
    return {"domains": domains[:: len(domains) // 4000], "urls": urls}


@pytest.mark.corpus
def test_every_url_of_the_corpus_gets_datatroves_reason(policy, datatrove_reason, corpus) -> None:
    crawled = (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()
    counts = assert_same_reasons(policy, datatrove_reason, [orjson.loads(line)["url"] for line in crawled])
    assert counts.total() == 1743
    assert len(counts) > 1


def test_every_address_built_from_listed_domains_gets_datatroves_reason(policy, datatrove_reason, listed) -> None:
    forms = (
        "http://{}/",
        "https://www.{}/path?query=1#part",
        "//a.b.{}:8080",
        "ftp://user:password@{}./x",
        "{}",
        "http://{}.plain.org/",
        "http://x{}",
        "http://plain.org/{}",
    )
    urls = [form.format(domain) for domain in listed["domains"] for form in forms]
    urls += [f"http://{domain.upper()}/" for domain in listed["domains"]]
    counts = assert_same_reasons(policy, datatrove_reason, urls)
    assert min(counts["blocked_domain"], counts["blocked_subdomain"], counts[None]) > 100


def test_every_listed_url_gets_datatroves_reason(policy, datatrove_reason, listed) -> None:
    forms = ("{}", "http://{}", "{}/", "{}x")
    counts = assert_same_reasons(
        policy, datatrove_reason, [form.format(url) for url in listed["urls"][::5] for form in forms]
    )
    assert counts["blocked_url"] > 100


def test_every_listed_word_gets_datatroves_reason_however_it_is_written(policy, datatrove_reason) -> None:
    words = [line for asset in (HARD_WORDS, SOFT_WORDS, SUBWORDS) for line in lines(asset.path())]
    soft = lines(SOFT_WORDS.path())
    forms = ("/{}/", "/{}", "/a-{}_b", "/x{}y", "/?q={}&{}", "/{}.html")
    spelled = [change(word) for word in words for change in (str, str.upper, str.title, "-".join)]
    urls = [f"http://plain.org{form.format(word, word)}" for word in spelled for form in forms]
    chooser = random.Random(0)
    urls += [f"http://plain.org/{'-'.join(chooser.sample(soft, 2))}" for _ in range(2000)]
    urls += [f"http://plain.org/{'/'.join(chooser.sample(words, 4))}" for _ in range(2000)]
    counts = assert_same_reasons(policy, datatrove_reason, urls)
    assert min(counts["hard_banned_word"], counts["soft_banned_words"], counts["banned_subword"], counts[None]) > 100


@given(
    url=st.text(min_size=1)
    | st.from_regex(r"[a-z]*:?//[a-zA-Z0-9.@:\[\]%-]{0,20}(/[a-zA-Z/?#&.-]{0,20})?", fullmatch=True)
)
def test_any_text_as_an_address_gets_datatroves_reason(policy, datatrove_reason, url: str) -> None:
    if url:
        assert_same_reasons(policy, datatrove_reason, [url])


# --- Language


@pytest.fixture(scope="module")
def datatrove_language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    import datatrove.io
    from datatrove.pipeline.filters.language_filter import LanguageFilter
    from datatrove.utils.lid import FT176LID

    with pytest.MonkeyPatch.context() as patch:
        models = tmp_path_factory.mktemp("lid")
        patch.setattr(datatrove.io, "cached_assets_path", lambda **_: str(models))
        patch.setattr(FT176LID, "MODEL_URL", str(LID_176.path()))
        yield LanguageFilter(languages=["en"], language_threshold=0.65)


@pytest.mark.corpus
def test_language_score_and_verdict_are_datatroves_on_every_page(datatrove_language, corpus_pages) -> None:
    texts = [page["text"] for page in corpus_pages if page["text"]]
    documents = [document(text) for text in texts]
    kept = [bool(datatrove_language.filter(each)) for each in documents]
    gated = Language(languages=("en",)).judge(Pages(texts))
    (rule,) = Language.rules()
    scores = gated.signals["language_score"].to_pylist()
    assert gated.signals["language"].to_pylist() == [each.metadata["language"] for each in documents]
    assert scores == [each.metadata["language_score"] for each in documents]
    assert rule.op == "<="
    passed = [reason is None and not score <= rule.value for reason, score in zip(gated.reasons, scores, strict=True)]
    assert passed == kept
    assert 0 < sum(kept) < len(kept)


@given(text=st.text())
def test_language_and_score_are_datatroves_on_any_text(datatrove_language, text: str) -> None:
    each = document(text)
    datatrove_language.filter(each)
    (row,) = Language(languages=()).judge(Pages([text])).signals.to_pylist()
    assert row == {"language": each.metadata["language"], "language_score": each.metadata["language_score"]}


# --- Personal data, both sides with one replacement of each kind, as datatrove takes its own in turn

MARKED = PersonalData(email_replacements=("<mail>",), ip_replacements=("<ip>",))


def datatroves_text(text: str, **switches: bool) -> str:
    from datatrove.pipeline.formatters.pii import PIIFormatter

    return PIIFormatter(email_replacement="<mail>", ip_replacement="<ip>", **switches).format(text)


@pytest.mark.corpus
def test_personal_data_is_found_where_datatrove_finds_it(corpus_pages) -> None:
    texts = [page["text"] for page in corpus_pages]
    changed = MARKED.transform(Pages(texts))
    assert changed.texts == [datatroves_text(text) for text in texts]
    assert [undo(text, edits) for text, edits in zip(changed.texts, changed.edits, strict=True)] == texts
    assert sum(changed.signals["email_count"].to_pylist()) > 100


_PIECES = st.sampled_from(
    [
        "a",
        "Z",
        "9",
        "é",
        "_",
        "-",
        "!",
        "+",
        ".",
        "..",
        "@",
        "@",
        "[",
        "]",
        ":",
        " ",
        "\n",
        "a@b.c",
        "1.2.3.4",
        "256",
        "10.",
        "0",
    ]
)


@settings(max_examples=500)
@given(text=st.lists(_PIECES, max_size=40).map("".join))
@example("x@[1.2.3.4]")
@example("x@[1.2.3.a-b:]")
@example("x@[1.2.3.a-:]")
@example("a@b.c@d.e")
@example("a..b@c.d .e@f.g h.@i.j")
@example("éa@b.c é!a@b.c !a@b.c a!b@c.d")
@example("a@b.c-.d a@b-.c a@b.-c a@-b.c")
@example("1.2.3.256 01.2.3.4 1.2.3.4.5.6.7.8 999.8.8.8.8")
@example("user@8.8.8.8.8.8.8.8")
def test_the_linear_search_finds_what_datatroves_expressions_find(text: str) -> None:
    (ours,) = MARKED.transform(Pages([text])).texts
    assert ours == datatroves_text(text)


@given(address=st.ip_addresses(v=4).map(str))
def test_an_address_is_public_where_datatrove_says_so(address: str) -> None:
    (ours,) = MARKED.transform(Pages([f"from {address} on"])).texts
    assert ours == datatroves_text(f"from {address} on")


def test_the_switches_mean_what_datatroves_mean() -> None:
    text = "a@b.com 8.8.8.8 192.168.0.1"
    for ours, theirs in (
        ({"emails": False}, {"remove_emails": False}),
        ({"ips": False}, {"remove_ips": False}),
        ({"public_ips_only": False}, {"only_remove_public_ips": False}),
    ):
        part = PersonalData(email_replacements=("<mail>",), ip_replacements=("<ip>",), **ours)
        assert part.transform(Pages([text])).texts == [datatroves_text(text, **theirs)]


def test_the_replacements_are_datatroves() -> None:
    from datatrove.pipeline.formatters.pii import PIIFormatter

    theirs = PIIFormatter()
    assert PersonalData().email_replacements == theirs.emails_replacer.replacements
    assert PersonalData().ip_replacements == theirs.ip_replacer.replacements


# --- Tokens


@pytest.mark.corpus
def test_token_counts_are_those_of_datatroves_counter(corpus_pages, tmp_path) -> None:
    from datatrove.pipeline.tokens.counter import TokensCounter

    texts = [page["text"] for page in corpus_pages[::4]] + ["", "a<|endoftext|>b", "\x00 \u00a0 \U0001f600"]
    counter = TokenCounter()
    counter.tokenizer().save(str(tmp_path / "tokenizer.json"))
    theirs = TokensCounter(str(tmp_path / "tokenizer.json")).run(document(text) for text in texts)
    assert counter.count(texts) == [each.metadata["token_count"] for each in theirs]
