"""What a list may say, and what tombstones bar of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archives.record import Record
from pipeline.errors import InputError, StorageError
from pipeline.storable import storable
from pipeline.storage import LocalStorage
from pipeline.takedown.finding import Wanted
from pipeline.takedown.hosts import domains_of
from pipeline.takedown.listing import Entry, entry_of, read_list
from pipeline.takedown.tombstones import (
    KEY,
    KEY_OF,
    STONES,
    Takedown,
    Tombstone,
    Tombstones,
    digest_with,
    key_mark,
    key_of,
    load_tombstones,
    stones_known,
    taken_down,
    unfinished,
    write_takedown,
)

SECRET = bytes(range(32))


def barring(*entries: Entry) -> Tombstones:
    stones = tuple(
        Tombstone(kind=each.kind, digest=digest_with(SECRET, each.kind, each.value), listed=True, records=1)
        for each in entries
    )
    return Tombstones(SECRET, [Takedown(id="t1", facts={"time": "noon", "scope": "page"}, stones=stones)])


def test_a_list_names_addresses_domains_and_ids_once_each_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        "\ufeff# on request\n\nhttps://a.test/1?q=#x\n  domain:Bücher.Example.  \n<urn:uuid:12>\nurn:uuid:34\n"
        "id:row 7\nhttps://a.test/1?q=#x\n",
    )
    listing = read_list(str(path))
    assert listing.entries == (
        Entry("url", "https://a.test/1?q=#x"),
        Entry("domain", "xn--bcher-kva.example"),
        Entry("id", "urn:uuid:12"),
        Entry("id", "urn:uuid:34"),
        Entry("id", "row 7"),
    )
    assert listing.name == "list.txt"


@pytest.mark.parametrize(
    "line",
    [
        "example.org",
        "shop.example/b",
        "domain:",
        "domain:org",
        "domain:a b.org",
        "domain:xn--a.com",
        "domain:xn--.com",
        "id:",
        "url:",
        "/a/path",
    ],
)
def test_a_line_that_is_none_of_these_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"# a list\nhttps://a.test/\n{line}\n")
    with pytest.raises(InputError, match=r"list\.txt, line 3: "):
        read_list(str(path))


@pytest.mark.parametrize(("data", "says"), [(b"", "lists nothing"), (b"# x\n", "lists nothing"), (b"\xff", "UTF-8")])
def test_a_file_that_is_no_list_is_refused(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(data)
    with pytest.raises(InputError, match=says):
        read_list(str(tmp_path / "list.txt"))
    with pytest.raises(InputError, match="No such file"):
        read_list(str(tmp_path / "nowhere.txt"))


@pytest.mark.parametrize(
    ("url", "bars"),
    [
        ("https://example.org/", True),
        ("http://EXAMPLE.org:8080/a", True),
        ("https://deep.www.example.org./x", True),
        ("https://user@example.org/x", True),
        ("https://notexample.org/", False),
        ("https://example.org.evil.test/", False),
        ("https://evil.test/?u=example.org", False),
        ("http://[broken/example.org", False),
        ("http://[broken.www.example.org/", True),
        ("http://www.example.org:99999999/a", True),
        ("http://℀.example.org/a", True),
        ("http://www.example\N{IDEOGRAPHIC FULL STOP}org/c", True),
        (" http://exam\tple.org/a", True),
        ("http:\\\\www.example.org\\a", True),
        ("http://ex%61mple.org/", True),
        ("//example.org/a", True),
        ("example.org/a", True),
        ("www.example.org", True),
        ("a/example.org", False),
        ("https://example.org@evil.test/", False),
        ("", False),
    ],
)
def test_a_domain_bars_its_host_and_all_hosts_below_it(url: str, bars: bool) -> None:
    assert barring(entry_of("domain:example.org")).bars(url, "") is bars


def test_a_domain_is_found_however_a_host_is_written() -> None:
    stones = barring(entry_of("domain:bücher.example"))
    assert stones.bars("https://BÜCHER.example/a", "")
    assert stones.bars("https://www.xn--bcher-kva.example/a", "")


def test_a_letter_of_its_own_is_another_domain_than_the_letters_it_was_once_written_with() -> None:
    assert entry_of("domain:straße.de") == entry_of("domain:xn--strae-oqa.de") != entry_of("domain:strasse.de")
    stones = barring(entry_of("domain:straße.de"))
    assert stones.bars("http://straße.de/a", "")
    assert stones.bars("http://www.STRAẞE.de/a", "")
    assert not stones.bars("http://strasse.de/a", "")


@pytest.mark.parametrize("url", ["http://bu\N{COMBINING DIAERESIS}cher.example/", "http://b%C3%BCcher.example/"])
def test_composed_or_not_and_encoded_or_not_a_host_is_the_same(url: str) -> None:
    assert barring(entry_of("domain:bücher.example")).bars(url, "")


@given(st.text(), st.sampled_from(["a.test", "xn--bcher-kva.example", "example.org"]))
def test_what_is_searched_for_and_what_is_barred_are_the_same_addresses(before: str, domain: str) -> None:
    url, entry = f"http://{before}{domain}/x", entry_of(f"domain:{domain}")
    assert bool(list(Wanted.of([entry]).named(storable(url), ""))) is barring(entry).bars(url, "")


def test_an_address_without_a_scheme_is_named_as_one_and_comes_out_as_it_was_listed() -> None:
    entry = entry_of("url:shop.example/b")
    assert entry == Entry("url", "shop.example/b")
    assert str(entry) == "url:shop.example/b"
    assert barring(entry).bars("shop.example/b", "")


def test_half_a_character_in_an_address_is_barred_as_it_is_stored() -> None:
    raw = "http://bad\ud83d.example/d"
    assert barring(entry_of(storable(raw))).bars(raw, "")
    assert barring(entry_of("domain:example.org")).bars("http://\ud83d.example.org/", "")


def test_an_id_is_the_same_with_and_without_its_brackets() -> None:
    stones = barring(entry_of("urn:uuid:1"))
    assert stones.bars("https://a.test/", "<urn:uuid:1>")
    assert stones.bars("", "urn:uuid:1")
    assert not stones.bars("urn:uuid:1", "<urn:uuid:2>")


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_address_bars_exactly_itself(one: str, other: str) -> None:
    stones = barring(Entry("url", one))
    assert stones.bars(one, "")
    assert stones.bars(other, "") is (other == one)
    rows = stones.rows([Record(kind="page", type="response", offset=0, url=url) for url in (other, one)])
    assert rows == ([0, 1] if one == other else [1])


@given(st.text())
def test_no_address_breaks_the_search_for_its_domains(text: str) -> None:
    assert all("." in domain for domain in domains_of(f"https://{text}/"))
    domains_of(text)


def test_the_digest_of_what_is_barred_does_not_depend_on_its_order_and_changes_with_each_takedown() -> None:
    a, b = Entry("url", "https://a.test/"), Entry("url", "https://b.test/")
    assert barring(a, b).digest == barring(b, a, a).digest != barring(a).digest
    again = Takedown(id="t2", facts={}, stones=())
    assert Tombstones(SECRET, [*barring(a).takedowns, again]).digest != barring(a).digest
    assert Tombstones(SECRET, []).digest == ""


def test_tombstones_come_back_from_storage_and_hold_no_word_of_what_they_bar(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    assert load_tombstones(storage) is None
    entries = (entry_of("https://secret.test/name"), entry_of("domain:secret.test"))
    (takedown,) = barring(*entries).takedowns
    write_takedown(storage, takedown, SECRET)
    known = load_tombstones(storage)
    assert known is not None
    assert known.takedowns == (takedown,)
    assert known.bars("https://secret.test/name", "")
    assert unfinished(storage) == "t1"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
    assert [each["by"] for each in taken_down(storage, "https://secret.test/name")] == ["url", "domain"]
    assert [each["by"] for each in taken_down(storage, "https://www.secret.test/other")] == ["domain"]
    assert taken_down(storage, "https://b.test/") == []


def test_two_roots_have_different_digests_of_one_address(tmp_path: Path) -> None:
    keys = [key_of(LocalStorage(tmp_path / name)) for name in ("a", "b")]
    assert digest_with(keys[0], "url", "https://a.test/") != digest_with(keys[1], "url", "https://a.test/")


def test_without_its_key_no_tombstone_holds_which_is_an_error(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    write_takedown(storage, barring(entry_of("https://a.test/")).takedowns[0], SECRET)
    with pytest.raises(StorageError, match="begun"):
        write_takedown(storage, Takedown(id="t2", facts={}, stones=()), bytes(32))
    for key in (b"", SECRET[:-1], SECRET + b"\n"):
        storage.put(KEY, key)
        for asks in (load_tombstones, key_of):
            with pytest.raises(StorageError, match="key is damaged"):
                asks(storage)
    storage.delete(KEY)
    with pytest.raises(StorageError, match="bring it back"):
        load_tombstones(storage)


def test_the_key_of_another_root_is_an_error(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (made,) = barring(entry_of("https://a.test/")).takedowns
    write_takedown(storage, replace(made, facts={KEY_OF: key_mark(SECRET)}), SECRET)
    assert load_tombstones(storage) is not None
    storage.put(KEY, SECRET[::-1])
    with pytest.raises(StorageError, match="is not the key of the tombstones here"):
        load_tombstones(storage)


def test_a_run_hears_of_every_takedown_that_began_since_it_was_planned(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    assert stones_known(storage, "") is None
    write_takedown(storage, barring(entry_of("https://a.test/")).takedowns[0], SECRET)
    with pytest.raises(StorageError, match="not those that this run began with"):
        stones_known(storage, "")
    digest = barring(entry_of("https://a.test/")).digest
    assert stones_known(storage, digest) is not None
    write_takedown(storage, Takedown(id="t2", facts={}, stones=()), SECRET)
    with pytest.raises(StorageError, match="not those that this run began with"):
        stones_known(storage, digest)


def test_a_damaged_file_of_tombstones_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    write_takedown(storage, barring(entry_of("https://a.test/")).takedowns[0], SECRET)
    storage.put(f"takedowns/t1{STONES}", b"PAR1")
    with pytest.raises(StorageError, match="t1"):
        load_tombstones(storage)
