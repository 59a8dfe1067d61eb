"""From bytes to text: which charset a page is in, and its text.

In this order: a byte order mark; UTF-8; what the HTTP header declares; what the page's `<meta>` or XML declaration says; what
resiliparse's detector guesses. UTF-8 comes before the declarations because its bytes prove it: of the two-byte characters
of GB 2312 (leads B0-F7, trails A1-FE) one in seven is by chance a UTF-8 character, so ten in a row are once in 4 x 10^8 texts,
while servers that declare a wrong charset are an everyday thing (a default that outlived the change to UTF-8). Browsers
believe the declaration and show such pages garbled.

A charset is accepted although some bytes do not fit it, because real pages quote other pages and are cut in the middle of
a character; misfits become U+FFFD. Where none is accepted, the one with the fewest misfits is taken. Names are those of the
WHATWG Encoding Standard.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipeline.errors import RecordError

How = Literal["http", "bom", "meta", "detected", "utf-8"]

META_BYTES = 4096
"""Where a declaration is looked for: the standard says 1,024, but pages put comments and scripts before it."""
SAMPLE = 1 << 14
"""Bytes or characters in which zero bytes and control characters are counted."""
CONTROLS = 0.05
"""A text has fewer control characters; compressed data has 28 in 256."""
MISFITS = 0.02
MISFITS_UTF8 = 0.1
"""Misfits per byte beyond ASCII that are accepted: text in another charset has 0.4 and more as UTF-8."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_META = re.compile(rb"<meta\s[^>]{0,500}?charset\s*=\s*(?:[\"']\s*)?([\w.:+-]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([\w.:+-]{1,40})", re.IGNORECASE)
_ASCII = bytes(range(0x80))
_CONTROL = bytes(code for code in range(0x20) if code not in b"\t\n\f\r\x1b") + b"\x7f"
_SHIFT = re.compile(rb"\x1b[$(]")  # ISO-2022-JP is Japanese in seven bits, which are UTF-8 too
_SLOPPY = (  # labels that the standard does not know and pages use
    (re.compile(r"utf[-_ ]?8\b.*"), "utf-8"),
    (re.compile(r"(?:win|windows|cp|ms)[-_ ]?(125[0-8])"), r"windows-\1"),
    (re.compile(r"euc[_ ]?(jp|kr)"), r"euc-\1"),
)
_NAMES = {  # resiliparse's name: the standard's name, and Python's codec for it, a superset as browsers use it
    "big5": ("big5", "big5hkscs"),
    "cp866": ("ibm866", "cp866"),
    "euc_jp": ("euc-jp", "euc_jp"),
    "euc_kr": ("euc-kr", "cp949"),
    "gb18030": ("gb18030", "gb18030"),
    "gbk": ("gbk", "gb18030"),
    "iso2022_jp": ("iso-2022-jp", "iso2022_jp_ext"),
    "iso8859-11": ("windows-874", "cp874"),
    "koi8-r": ("koi8-r", "koi8-r"),
    "koi8-u": ("koi8-u", "koi8-u"),
    "mac-roman": ("macintosh", "mac-roman"),
    "shift_jis": ("shift_jis", "cp932"),
    "utf-16-be": ("utf-16be", "utf-16-be"),
    "utf-16-le": ("utf-16le", "utf-16-le"),
    "utf-8": ("utf-8", "utf-8"),
    **{f"cp{page}": (f"windows-{page}", f"cp{page}") for page in range(1250, 1259)},
    **{
        f"iso8859-{part}": (f"iso-8859-{part}", f"iso8859-{part}") for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)
    },
}
_CODECS = dict(_NAMES.values())


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's text, the charset it was read in, and how that was known.

    `utf8` is the text in UTF-8 where the page came as just that: who sends it on need not encode it again.
    """

    text: str
    charset: str
    how: How
    utf8: bytes | None = field(default=None, compare=False, repr=False)

    def without_text(self) -> "Decoded":
        """How the page was read, alone."""
        return Decoded("", self.charset, self.how)


def decode(body: bytes, http_charset: str | None) -> Decoded:
    """The text of `body`; `http_charset` is the label in the HTTP header, if any.

    RecordError `undecodable` where the best reading is no text but control characters.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _readable(Decoded(_fit(body[len(mark) :], name)[0], name, "bom"))
    best, fewest = Decoded("", "utf-8", "utf-8"), len(body) + 1
    for name, how in _candidates(body, http_charset):
        text, misfits, whole = _fit(body, name)
        decoded = Decoded(text, name, how, body if whole and name == "utf-8" else None)
        if misfits < fewest:
            best, fewest = decoded, misfits
        if misfits == 0 or misfits <= _accepted(body, name):
            return _readable(decoded)
    return _readable(best)


def charset_name(label: str) -> str | None:
    """The standard's name for a charset's label, or None where nobody knows it."""
    label = label.strip().lower()
    for pattern, name in _SLOPPY:
        if found := pattern.fullmatch(label):
            label = found.expand(name)
    known = map_encoding_to_html5(label, fallback_utf8=False) if label.isascii() else None
    return _NAMES[known][0] if known in _NAMES else None


def _candidates(body: bytes, http_charset: str | None) -> Iterator[tuple[str, How]]:
    """Charsets to try, in order; the guess is made only when all else failed."""
    if wide := _utf16(body[:SAMPLE]):
        yield wide, "detected"
    shifted = body.isascii() and _SHIFT.search(body)
    if not shifted:
        yield "utf-8", "utf-8"
    declared = charset_name(http_charset) if http_charset else None
    if declared:
        yield declared, "http"
    if written := _meta(body[:META_BYTES]):
        yield written, "meta"
    guessed = charset_name(detect_encoding(body) or "")
    if guessed:
        yield guessed, "detected"
    yield ("utf-8", "utf-8") if shifted else ("windows-1252", "detected")


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: markup is ASCII, so every second byte is mostly zero, and always on the same side."""
    if b"\0" not in sample:
        return None
    zeros = (sample[0::2].count(0), sample[1::2].count(0))
    if sum(zeros) * 8 < len(sample) or min(zeros) * 20 > max(zeros):
        return None
    return "utf-16be" if zeros[0] > zeros[1] else "utf-16le"


def _meta(start: bytes) -> str | None:
    """What the page itself declares; who can read that as ASCII is not in UTF-16, whatever it says."""
    found = _META.search(start) or _XML.match(start)
    name = charset_name(found[1].decode("ascii", "replace")) if found else None
    return "utf-8" if name in {"utf-16le", "utf-16be"} else name


def _fit(body: bytes, name: str) -> tuple[str, int, bool]:
    """The text of `body` in a charset, how many characters did not fit, and whether it is all of `body`.

    A cut last character does not count as a misfit, and is not in the text.
    """
    codec = _CODECS[name]
    try:
        return body.decode(codec), 0, True
    except UnicodeDecodeError as error:
        if (
            error.end == len(body)
            and error.end - error.start < 4
            and ("end of data" in error.reason or "incomplete" in error.reason)
        ):
            body = body[: error.start]
    text = body.decode(codec, "replace")
    genuine = body.count(b"\xef\xbf\xbd") if codec == "utf-8" else 0
    return text, text.count("\ufffd") - genuine, False


def _accepted(body: bytes, name: str) -> float:
    """How many misfits a charset may have."""
    return len(body.translate(None, _ASCII)) * (MISFITS_UTF8 if name == "utf-8" else MISFITS)


def _readable(decoded: Decoded) -> Decoded:
    """The same, or RecordError `undecodable` where it is binary."""
    sample = decoded.text[:SAMPLE].encode("utf-8", "surrogatepass")
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    if controls > len(sample) * CONTROLS:
        raise RecordError("undecodable", f"{controls} of its first {len(sample)} bytes are control characters")
    return decoded
