"""Replaces e-mail addresses and public IP addresses in a text by ones that belong to nobody."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import ClassVar

import pyarrow as pa

from filters.text_edits import replaced
from pipeline.errors import RecipeError
from pipeline.evidence import Span as Marked
from pipeline.identity import IDENTITY_IF_CHANGED
from pipeline.measures import Edit, Transformed, schema, signals_of
from pipeline.pages import Pages

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_IPV4 = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_DIGITS_AND_DOTS = re.compile(r"[0-9.]{7,}")  # 0.0.0.0 is the shortest address
# A run of hexadecimal digits, colons and dots that is no part of a word or a longer run, and has two colons.
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,5}:[0-9A-Fa-f:.]{0,39}:)[0-9A-Fa-f:.]{3,45}(?![\w:])")
_GLOBAL_UNICAST = 0b001  # the first three bits of the addresses that IANA gives out (2000::/3)


class _Address:
    """How an e-mail address is written, with these letters (a range of a regular expression)."""

    def __init__(self, letters: str) -> None:
        label = rf"[{letters}0-9](?:[{letters}0-9-]*[{letters}0-9])?"
        local = rf"{letters}0-9!#$%&'*+/=?^_`{{|}}~-"  # characters of the part before the @, which may also hold single dots
        self.domain = re.compile(
            rf"(?:{label}\.)+{label}"
            rf"|\[(?:{_OCTET}\.){{3}}(?:{_OCTET}|[{letters}0-9-]*[{letters}0-9]:)\]"  # RFC 5321's address literals
        )
        self.local_start = re.compile(rf"\b[{local}]")
        self.local_chars = frozenset(chr(code) for code in range(128) if re.match(f"[{local}]", chr(code)))


_ANY_CASE, _LOWER_CASE = _Address("A-Za-z"), _Address("a-z")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Replaces what datatrove's `PIIFormatter` replaces; which replacement it takes depends on the match alone.

    datatrove takes its replacements in turn, so a page's text depends on the pages before it; here the hash of the matched text
    chooses, and one address becomes the same everywhere. `public_ips_only` leaves private, local and reserved addresses, by
    `ipaddress.is_global` of the running Python. `ipv6` adds public IPv6 addresses (of 2000::/3, in any spelling of RFC 4291
    but those with a zone), which datatrove leaves. With `lower_case_emails` a capital letter is no part of an address, as in
    datatrove 0.2.0: of `Jo.doe@example.org` nothing is replaced, of `jo@example.orG` only `jo@example.or`. Signals count what
    was replaced.
    """

    name: ClassVar[str] = "personal_data"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(email_count="int32", ip_count="int32")

    emails: bool = True
    ips: bool = True
    public_ips_only: bool = True
    # Domains that RFC 2606 keeps for examples, and addresses that datatrove's authors found to answer nobody.
    email_replacements: tuple[str, ...] = ("email@example.com", "firstname.lastname@example.org")
    ip_replacements: tuple[str, ...] = (
        "22.214.171.124",
        "126.96.36.199",
        "188.8.131.52",
        "184.108.40.206",
        "220.127.116.11",
        "18.104.22.168",
    )
    lower_case_emails: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    ipv6: bool = field(default=False, metadata=IDENTITY_IF_CHANGED)
    # RFC 3849 keeps 2001:db8::/32 for documentation.
    ipv6_replacements: tuple[str, ...] = field(
        default=("2001:db8::2a", "2001:db8:6f::c5", "2001:db8:0:1::7"), metadata=IDENTITY_IF_CHANGED
    )

    def __post_init__(self) -> None:
        if not (self.email_replacements and self.ip_replacements and self.ipv6_replacements):
            raise RecipeError("personal_data: give at least one replacement of each kind, or switch the kind off")

    def transform(self, pages: Pages) -> Transformed:
        """New texts, the edits (e-mails first, then IPv6, then IPv4 addresses of what that left) and the counts."""
        texts: list[str] = []
        edits: list[tuple[Edit, ...]] = []
        email_counts: list[int] = []
        ip_counts: list[int] = []
        for text in pages.texts:
            without_emails, email_edits = self._without_emails(text)
            without_ipv6, ipv6_edits = self._without_ipv6(without_emails)
            without_ips, ip_edits = self._without_ips(without_ipv6)
            texts.append(without_ips)
            edits.append((*email_edits, *ipv6_edits, *ip_edits))
            email_counts.append(len(email_edits))
            ip_counts.append(len(ipv6_edits) + len(ip_edits))
        columns: dict[str, Sequence[object]] = {"email_count": email_counts, "ip_count": ip_counts}
        return Transformed(texts, edits, signals_of(self.signals, columns, len(pages)))

    def evidence(self, text: str, subject: str) -> list[Marked]:
        """The addresses that are replaced."""
        if subject == "email_count":
            return [Marked(*span, "e-mail address") for span in self._emails(text)] if self.emails else []
        if subject == "ip_count":
            spans = [*(_ipv6s(text) if self.ipv6 else ()), *(_ips(text, self.public_ips_only) if self.ips else ())]
            return [Marked(*span, "IP address") for span in _without_overlap(sorted(spans))]
        return []

    def _emails(self, text: str) -> Iterator[Span]:
        return _emails(text, _LOWER_CASE if self.lower_case_emails else _ANY_CASE)

    def _without_emails(self, text: str) -> tuple[str, list[Edit]]:
        return replaced(self.name, text, self._emails(text), self.email_replacements) if self.emails else (text, [])

    def _without_ipv6(self, text: str) -> tuple[str, list[Edit]]:
        return replaced(self.name, text, _ipv6s(text), self.ipv6_replacements) if self.ipv6 else (text, [])

    def _without_ips(self, text: str) -> tuple[str, list[Edit]]:
        if not self.ips:
            return text, []
        return replaced(self.name, text, _ips(text, self.public_ips_only), self.ip_replacements)


def _emails(text: str, address: _Address) -> Iterator[Span]:
    """The matches of datatrove's expression, found in time linear in the text.

    Searched as one expression it is quadratic: 16,000 characters of `a-a-a-…` take six seconds. But neither side of an address
    can hold an @, so each @ has at most one match, its domain does not depend on where the local part starts, and the leftmost
    match takes the earliest word boundary of the run of local characters before the @.
    """
    end = 0
    at = text.find("@")
    while at >= 0:
        start = _local_start(text, end, at, address)
        domain = address.domain.match(text, at + 1) if start is not None else None
        if start is not None and domain:
            end = domain.end()
            yield start, end
        at = text.find("@", at + 1)


def _local_start(text: str, low: int, at: int, address: _Address) -> int | None:
    """Where the local part before the @ at `at` starts, not before `low`; None if there is none."""
    start = at
    while start > low and (
        text[start - 1] in address.local_chars or (text[start - 1] == "." and text[start] not in ".@")
    ):
        start -= 1
    match = address.local_start.search(text, start, at)
    return match.start() if match else None


def _ips(text: str, public_only: bool) -> Iterator[Span]:
    for run in _DIGITS_AND_DOTS.finditer(
        text
    ):  # every match lies inside one such run; this makes the search 4 times faster
        for match in _IPV4.finditer(text, *run.span()):
            if _is_address(match[0], public_only):
                yield match.span()


def _is_address(text: str, public_only: bool) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:  # leading zeros
        return False
    return address.is_global or not public_only


def _ipv6s(text: str) -> Iterator[Span]:
    if ":" not in text:
        return
    for match in _IPV6.finditer(text):
        start, written = match.start(), match[0].rstrip(".")  # the end of a sentence
        if written.endswith(":") and (written.endswith(":::") or not written.endswith("::")):
            written = written[:-1]
        if _is_public_ipv6(written):
            yield start, start + len(written)


def _is_public_ipv6(text: str) -> bool:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return False
    return int(address) >> 125 == _GLOBAL_UNICAST and address.is_global


def _without_overlap(spans: list[Span]) -> Iterator[Span]:
    end = 0
    for span in spans:
        if span[0] >= end:
            yield span
            end = span[1]
