"""The pages of the demo that are planted to show something, each with what is expected to become of it."""

import gzip
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace

import brotli

from jobs.synthetic.archive import CUT, FLIPPED, Capture
from jobs.synthetic.kinds import Blocks, article, block, blog_post, entry, foreign, instructions, prose
from jobs.synthetic.sites import Page, host, page, slug
from jobs.synthetic.text import Writer, dice
from jobs.synthetic.thin import THIN, notice

KEPT = "kept"
_HTML = "text/html"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_PDF = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""
_TYPOGRAPHIC = (  # quotation marks, a dash and accents, where the encodings differ
    "“We opened the café in May,” they wrote – and the crème brûlée was sold out by noon…"  # noqa: RUF001
)


def planted(seed: int) -> list[Capture]:
    """All of them but the cut record, which has to be the last of its file; URLs are unique."""
    return [
        *_thin(seed),
        *_copies(seed),
        *_charsets(seed),
        *_codings(seed),
        *_other_types(seed),
        *_answers(seed),
        *_curiosities(seed),
        replace(_capture(seed, "corrupt_record", article, "corrupt_record"), damage=FLIPPED),
    ]


def cut_record(seed: int) -> Capture:
    """A page in whose middle its file ends."""
    return replace(_capture(seed, "truncated_record", article, "truncated_record"), damage=CUT)


def _made(seed: int, kind: str, make: Callable[[Writer], Blocks], language: str = "en") -> Page:
    writer = Writer(dice(seed, "planted", kind), language)
    return page(writer, make(writer))


def _url(kind: str, made: Page) -> str:
    return f"https://{made.site}/{kind.replace('_', '-')}/{slug(made.title) or made.language}.html"


def _captured(kind: str, made: Page, expectation: str = KEPT) -> Capture:
    return Capture(url=_url(kind, made), body=made.html().encode(), kind=kind, expectation=expectation)


def _capture(seed: int, kind: str, make: Callable[[Writer], Blocks], expectation: str = KEPT) -> Capture:
    return _captured(kind, _made(seed, kind, make), expectation)


def _thin(seed: int) -> list[Capture]:
    return [
        # of link lists and notices the second template leaves nothing that could be taken for a text
        _captured(kind, replace(_made(seed, kind, make), template=2 if kind == "links" else 0), expectation)
        for kind, (make, expectation) in THIN.items()
    ]


def _copies(seed: int) -> list[Capture]:
    """Two copies, five copies, one under another URL of its site, and a record that says "as before".

    Of copies the longest text stays, then the one met first; the originals are the longest, by two sentences.
    """
    found: list[Capture] = []
    for kind, copies in (("near_duplicate", 2), ("near_duplicates_of_five", 5)):
        original = _made(seed, kind, long_article)
        found.append(_captured(kind, original))
        found += [_captured(kind, _copied(seed, original, number), "near_duplicate") for number in range(1, copies)]
    same = replace(_capture(seed, "exact_copy", blog_post), family="exact_copy")
    again = replace(_capture(seed, "revisit", entry, "other_record"), record="revisit")
    return [*found, same, replace(same, url=f"{same.url}?print=1"), again]


def long_article(writer: Writer) -> Blocks:
    """About 600 words with a last paragraph of three sentences."""
    return [*prose(writer, 32), block("p", writer.paragraph(3))]


def _copied(seed: int, original: Page, number: int) -> Page:
    """Copy `number`: on another site with another template, and with one sentence of its own for the last paragraph."""
    writer = Writer(dice(seed, "copy", original.title, number))
    blocks = [*original.blocks[:-1], block("p", writer.sentence())]
    return replace(
        original, blocks=blocks, site=host(writer).replace("www", f"www{number}"), template=original.template + number
    )


def _charsets(seed: int) -> list[Capture]:
    """Encodings, by whom they are declared: HTTP, a meta element, both wrongly, a byte order mark."""

    def encoded(kind: str, codec: str, language: str, *, http: str = "", meta: str | None = None) -> Capture:
        made = replace(_made(seed, kind, foreign if language != "en" else article, language), charset=meta)
        if language == "en":
            made = replace(made, blocks=[block("p", _TYPOGRAPHIC), *made.blocks])
        expectation = KEPT if language == "en" else "other_language"
        content_type = f"{_HTML}; charset={http}" if http else _HTML
        body = made.html().encode(codec, "xmlcharrefreplace")
        return replace(_captured(kind, made, expectation), body=body, content_type=content_type)

    return [
        encoded("charset_windows_1252_http", "cp1252", "en", http="windows-1252"),
        encoded("charset_declared_wrongly", "cp1252", "en", http="utf-8", meta="utf-8"),
        encoded("charset_utf_16_bom", "utf-16", "en"),
        encoded("charset_iso_8859_15_meta", "iso8859-15", "fr", meta="iso-8859-15"),
        encoded("charset_gb2312_meta", "gb2312", "zh", meta="gb2312"),
        encoded("charset_gbk_http", "gbk", "zh", http="gbk"),
        encoded("charset_shift_jis_http", "shift_jis", "ja", http="Shift_JIS"),
        encoded("charset_koi8_r_http", "koi8-r", "ru", http="koi8-r"),
        encoded("charset_windows_1251_meta", "cp1251", "ru", meta="windows-1251"),
    ]


def _codings(seed: int) -> list[Capture]:
    """Bodies that the crawler stored as they came."""

    def coded(kind: str, *, coding: str = "", chunked: bool = False) -> Capture:
        plain = _capture(seed, kind, article)
        body = {"gzip": lambda b: gzip.compress(b, mtime=0), "br": brotli.compress}.get(coding, bytes)(plain.body)
        fields = [("Content-Encoding", coding)] if coding else []
        if chunked:
            body, fields = _chunked(body), [*fields, ("Transfer-Encoding", "chunked")]
        return replace(plain, body=body, fields=tuple(fields))

    return [
        coded("body_gzip", coding="gzip"),
        coded("body_brotli", coding="br"),
        coded("body_chunked", chunked=True),
        coded("body_gzip_chunked", coding="gzip", chunked=True),
    ]


def _chunked(body: bytes, size: int = 1000) -> bytes:
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def _other_types(seed: int) -> list[Capture]:
    """What is no HTML, and HTML whose type the crawler did not note."""
    host = _made(seed, "other_types", notice).site

    def other(kind: str, name: str, mime: str, body: bytes) -> Capture:
        url = f"https://{host}/files/{name}"
        return Capture(url=url, body=body, content_type=mime, mime=mime, kind=kind, expectation="not_html")

    return [
        other("pdf", "timetable.pdf", "application/pdf", _PDF),
        other("png", "pixel.png", "image/png", b64decode(_PIXEL)),
        other("json", "events.json", "application/json", b'{"events": [{"day": "Sunday", "what": "open shed"}]}\n'),
        replace(_capture(seed, "type_not_identified", entry), mime=None),
    ]


def _answers(seed: int) -> list[Capture]:
    """Answers other than 200."""
    gone = _capture(seed, "http_404", notice, "few_words")
    moved = b"<html><head><title>301 Moved Permanently</title></head><body></body></html>\n"
    redirect = _capture(seed, "http_redirect", notice, "empty_text")
    return [
        replace(gone, status="404 Not Found"),
        replace(redirect, status="301 Moved Permanently", body=moved, fields=(("Location", f"{redirect.url}/"),)),
    ]


def _curiosities(seed: int) -> list[Capture]:
    cut_short = _capture(seed, "warc_truncated_length", article)
    webcam = _capture(seed, "blocked_url", article, "soft_banned_words")
    killer = _capture(seed, "extractor_killer", notice, "over_memory")
    return [
        _capture(seed, "personal_data", personal),
        _capture(seed, "policy_lines", policy),
        replace(cut_short, body=cut_short.body[: len(cut_short.body) * 3 // 4], truncated="length"),
        # two of the words on the soft list of URLs, in all innocence
        replace(webcam, url=f"https://{_made(seed, 'blocked_url', notice).site}/reviews/why-my-webcam-sucks.html"),
        replace(killer, body=memory_bomb()),
    ]


def personal(writer: Writer) -> Blocks:
    """Mail addresses and public IP addresses, to be replaced when the dataset is packed; private ones stay."""
    lines = [
        f"Please write to {writer.phrase('{first}.{last}').lower()}@mail.example.org or to office@club.example.com.",
        "Our old server had the address 198.41.0.4 and later 193.0.14.129, the new one in the house has 192.168.1.20.",
    ]
    return [*prose(writer, 9), *(block("p", line) for line in lines), *prose(writer, 9)]


def policy(writer: Writer) -> Blocks:
    """A good text with two lines that C4's rules take out of it."""
    lines = [
        "By using this page you accept our terms of use and everything that follows from them.",
        "This map needs JavaScript.",
    ]
    return [*instructions(writer), *(block("p", line) for line in lines), *prose(writer, 6)]


def memory_bomb() -> bytes:
    """A page of 8 MB (23 KB compressed) that no extractor survives under a bound of 1 GB.

    A paragraph of one letter with 26 attributes takes 57 bytes here and 2.7 KB in libxml2's tree (120 bytes a node, 96 an
    attribute), of which trafilatura 2.3.1 makes several copies before it looks at a word: more than 1 GB after a second or
    two. With more memory it would still exceed ten CPU seconds, because the comparing of paragraphs is quadratic.
    """
    attributes = " ".join("abcdefghijklmnopqrstuvwxyz")
    return f"<html><body><article>{f'<p {attributes}>a' * 140_000}</article></body></html>".encode()
