"""Charsets: which evidence counts, and that every page is read that a strict decoder gives up on."""

import codecs
import random

import cchardet
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archives.decode import charset_name, decode
from pipeline.archives.warc import read_records
from pipeline.errors import RecordError

RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5
CHINESE = "我能吞下玻璃而不伤身体。今天天气很好,我们去公园散步吧。" * 5
JAPANESE = "私はガラスを食べられます。それは私を傷つけません。" * 5
GERMAN = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 5


def html(text: str, declared: str = "") -> str:
    meta = f'<meta charset="{declared}">' if declared else ""
    return f"<html><head>{meta}<title>page</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("http", [None, "utf-8", "iso-8859-1", "gb2312", "nonsense"])
@pytest.mark.parametrize("text", ["plain ascii", GERMAN, RUSSIAN, CHINESE])
def test_utf8_is_seen_whatever_was_declared(text, http):
    page = html(text, "windows-1251")
    found = decode(page.encode(), http)
    assert (found.text, found.charset, found.how) == (page, "utf-8", "utf-8")


@pytest.mark.parametrize(
    ("text", "codec", "label", "name"),
    [
        (RUSSIAN, "cp1251", "Windows-1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8", "koi8-r"),
        (CHINESE, "gb2312", "gb2312", "gbk"),
        (CHINESE, "gb18030", "GB18030", "gb18030"),
        (CHINESE.replace("璃", "我").replace("园", "我"), "gbk", "x-gbk", "gbk"),
        (JAPANESE, "shift_jis", "x-sjis", "shift_jis"),
        (JAPANESE, "cp932", "Windows-31J", "shift_jis"),
        (JAPANESE, "euc_jp", "EUC-JP", "euc-jp"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP", "iso-2022-jp"),
        (GERMAN, "latin-1", "latin1", "windows-1252"),
        (GERMAN, "latin-1", "US-ASCII", "windows-1252"),
        (GERMAN, "iso8859-15", "ISO-8859-15", "iso-8859-15"),
        ("„Zwölf“ … " * 9, "cp1252", "iso-8859-1", "windows-1252"),
        ("한국어 문장입니다. " * 9, "cp949", "ks_c_5601-1987", "euc-kr"),
        ("繁體中文的句子。" * 9, "big5", "big5", "big5"),
    ],
)
def test_a_declared_charset_is_read_by_the_name_of_the_standard(text, codec, label, name):
    body = html(text).encode(codec)
    assert (decode(body, label).text, decode(body, label).charset, decode(body, label).how) == (
        html(text),
        name,
        "http",
    )
    written = html(text, label).encode(codec)
    assert (decode(written, None).text, decode(written, None).charset, decode(written, None).how) == (
        html(text, label),
        name,
        "meta",
    )


@pytest.mark.parametrize(
    "declaration",
    [
        '<META http-equiv=Content-Type content="text/html; charset=windows-1251">',
        "<meta name='a' charset = 'windows-1251' />",
        '<?xml version="1.0" encoding="windows-1251"?>',
        "<!-- " + "x" * 2000 + " --><meta charset=windows-1251>",
    ],
)
def test_a_page_may_declare_its_charset_in_several_ways(declaration):
    found = decode((declaration + RUSSIAN).encode("cp1251"), None)
    assert (found.text, found.how) == (declaration + RUSSIAN, "meta")


def test_http_goes_before_meta():
    body = html(RUSSIAN, "koi8-r").encode("cp1251")
    assert (decode(body, "windows-1251").text, decode(body, "windows-1251").how) == (html(RUSSIAN, "koi8-r"), "http")


def test_a_declaration_that_does_not_fit_gives_way_to_the_next():
    body = html(RUSSIAN, "windows-1251").encode("cp1251")
    assert (decode(body, "utf-8").charset, decode(body, "utf-8").how) == ("windows-1251", "meta")
    assert decode(html(CHINESE).encode("gb18030"), "utf-8").text == html(CHINESE)
    assert decode(html(CHINESE).encode("gb18030"), "utf-8").how == "detected"


@pytest.mark.parametrize(
    ("mark", "codec", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16be"),
    ],
)
def test_a_byte_order_mark_goes_before_everything_and_is_no_text(mark, codec, name):
    found = decode(mark + html(RUSSIAN, "koi8-r").encode(codec), "windows-1251")
    assert (found.text, found.charset, found.how) == (html(RUSSIAN, "koi8-r"), name, "bom")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_is_seen_without_a_mark(codec):
    found = decode(html(GERMAN).encode(codec), None)
    assert (found.text, found.charset) == (html(GERMAN), codec.replace("16-", "16"))


@pytest.mark.parametrize("label", ["utf-16", "utf-16le", "unicode"])
def test_a_page_that_says_in_ascii_that_it_is_utf16_is_not(label):
    page = html(GERMAN, label)
    assert decode(page.encode(), None).text == page
    assert decode(page.encode("cp1252"), None).charset == "windows-1252"


@pytest.mark.parametrize("cut", [1, 2])
@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", None])
def test_a_page_cut_in_a_character_keeps_its_charset(cut, label):
    body = ("<p>" + "short ascii text " * 20 + "€").encode()[:-cut]
    found = decode(body, label)
    assert (found.text, found.charset) == ("<p>" + "short ascii text " * 20, "utf-8")


def test_a_few_foreign_bytes_do_not_change_the_charset():
    utf8 = html(RUSSIAN).encode().replace(b"</p>", b"\x93quoted\x94</p>")
    assert (decode(utf8, "windows-1251").charset, decode(utf8, None).text.count("\ufffd")) == ("utf-8", 2)
    chinese = html(CHINESE * 3).encode("gb18030").replace(b"</p>", b"\xff</p>")
    assert (decode(chinese, "gb2312").charset, decode(chinese, "gb2312").text.count("\ufffd")) == ("gbk", 1)


def test_replacement_characters_that_were_there_before_are_no_misfits():
    page = html("\ufffd" * 200 + GERMAN)
    assert decode(page.encode(), "iso-8859-1").text == page
    assert decode(page.encode() + b"\xff", "iso-8859-1").charset == "utf-8"


@pytest.mark.parametrize(
    "body",
    [
        bytes(1000),
        random.Random(1).randbytes(5000),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + random.Random(2).randbytes(500),
        b"\x7fELF\2\1\1" + bytes(300) + b"text",
    ],
)
def test_what_is_no_text_is_undecodable(body):
    with pytest.raises(RecordError) as caught:
        decode(body, "utf-8")
    assert caught.value.reason == "undecodable"
    assert caught.value.detail


def test_a_few_control_characters_are_text():
    page = html(GERMAN + "\0\1\2")
    assert decode(page.encode(), None).text == page


def test_an_empty_body_is_empty_text():
    assert decode(b"", None).text == ""


@given(st.binary(max_size=300), st.none() | st.text(max_size=20) | st.sampled_from(["utf-16", "big5", "hz", "rot13"]))
def test_any_bytes_are_text_or_undecodable(body, label):
    try:
        found = decode(body, label)
    except RecordError as error:
        reason = error.reason
    else:
        reason = "undecodable"
        assert charset_name(found.charset) == found.charset
        assert found.utf8 is None or found.utf8 == body == found.text.encode()
    assert reason == "undecodable"


def test_the_bytes_of_a_page_are_its_utf8_only_where_they_are_its_text_to_the_last_one():
    body = html(RUSSIAN).encode()
    assert decode(body, None).utf8 is body
    assert decode(body, None).without_text().utf8 is None
    for other in (codecs.BOM_UTF8 + body, body[: body.index("ь".encode()) + 1], html(RUSSIAN).encode("cp1251")):
        assert decode(other, "windows-1251").utf8 is None


@given(st.text(max_size=200))
def test_text_in_utf8_comes_back(text):
    body = ("<p>" + "a" * 6000 + text).encode("utf-8", "replace")
    found = decode(body, None)
    assert (found.text, found.charset) == (body.decode(), "utf-8")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (" UTF8 ", "utf-8"),
        ("utf-8;", "utf-8"),
        ("utf8mb4", None),
        ("cp-1251", "windows-1251"),
        ("win1250", "windows-1250"),
        ("eucjp", "euc-jp"),
        ("tis-620", "windows-874"),
        ("hex", None),
        ("unicode_escape", None),
        ("", None),
        ("\ud800", None),
    ],
)
def test_labels_are_those_that_pages_use(label, name):
    assert charset_name(label) == name


def datatrove_text(body: bytes) -> str | None:
    """Its rule: strict UTF-8, else strictly what cchardet guesses, else the page is lost."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        guess = cchardet.detect(body)["encoding"]
    try:
        return body.decode(guess) if guess and guess != "UTF-8" else None
    except (UnicodeDecodeError, LookupError):
        return None


LOST = {
    "utf-8 with a foreign quote": html(CHINESE).encode() + b"\x93",
    "utf-8, cut": html(CHINESE).encode()[:-60],
    "gbk with a broken character": html(CHINESE, "gbk").encode("gbk").replace(b"</p>", b"\xff</p>"),
    "shift_jis, cut": html(JAPANESE, "shift_jis").encode("shift_jis")[:-19],
}


@pytest.mark.parametrize("name", LOST)
def test_pages_are_read_that_a_strict_decoder_loses_or_garbles(name):
    found = decode(LOST[name], None)
    assert found.charset == name.split(",")[0].split()[0]
    assert found.text.count("\ufffd") <= 1
    assert datatrove_text(LOST[name]) != found.text


@pytest.mark.corpus
def test_pages_of_the_crawl_are_in_the_charset_that_is_known_of_them(corpus):
    lines = (corpus / "crawl" / "pages.jsonl").read_bytes().splitlines()
    known = {page["record_id"]: page for page in map(orjson.loads, lines)}
    other_than_utf8, lost = 0, 0
    for file in sorted((corpus / "crawl").glob("*.warc.gz")):
        with file.open("rb") as stream:
            for record in read_records(stream, file.name):
                if record.kind != "page":
                    continue
                told, found = known[record.record_id], decode(record.body, record.http_charset)
                lost += datatrove_text(record.body) is None
                other_than_utf8 += found.charset != "utf-8"
                assert found.text.count("\ufffd") <= 5 + record.body.count("\ufffd".encode()), told["url"]
                if not record.body.isascii() and told["charset_how"] != "guess":
                    assert found.charset == charset_name(told["charset"]), told["url"]
    assert (other_than_utf8, lost) == (23, 2)


@pytest.mark.corpus
def test_pages_of_common_crawl_are_read_without_a_misfit(corpus):
    name = "resiliparse-CC-MAIN-2020-34.warc.gz"
    charsets = []
    with (corpus / "common-crawl" / name).open("rb") as stream:
        for record in read_records(stream, name):
            if record.kind == "page":
                found = decode(record.body, record.http_charset)
                assert "\ufffd" not in found.text
                charsets.append(found.charset)
    assert sorted(set(charsets)) == ["gbk", "utf-8", "windows-1251", "windows-1252"]
    assert charsets.count("gbk") == 6
