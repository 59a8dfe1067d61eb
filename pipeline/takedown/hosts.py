"""The host of an address and the domains that it is in, however the address is written."""

import re
from functools import lru_cache
from urllib.parse import unquote

_UNSEEN = re.compile(r"[\t\n\r]")  # browsers pass over these wherever they stand
_EDGES = "".join(map(chr, range(33)))  # and over these before and behind
_AUTHORITY = re.compile(r"(?:(?:https?|ftp):[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,})?([^/\\?#]*)", re.IGNORECASE)
_PORT = re.compile(r":[0-9]*$")
_ENCODED = "xn--"  # begins a label that stands for other characters
_MOST_LABEL, _MOST_LABELS = 63, 127  # of the DNS; encoding a label takes the square of its length


def host_of(url: str) -> str:
    """The host that an address names, as it is written there but in lower case; an address without a scheme begins with it.

    What no client would take for an address has one too: of `http://[x]a.example.org:99999/` it is `[x]a.example.org`.
    """
    found = _AUTHORITY.match(_UNSEEN.sub("", url).strip(_EDGES))
    authority = found[1] if found else ""  # it matches the empty text too
    return _PORT.sub("", authority.rpartition("@")[2]).lower()


def ascii_host(host: str) -> str:
    """A host's name in lower case, without the dot at its end, in the form that the DNS has.

    Characters are mapped as UTS 46 does for IDNA 2008, by which browsers go: `ß` is a letter of its own and not `ss`. What it
    does not allow stays as it is.
    """
    host = unquote(host).lower()
    if not host.isascii():
        host = ".".join(map(_encoded, _mapped(host).split(".")))
    return host.rstrip(".")


def _mapped(host: str) -> str:
    try:
        return _uts46(host)
    except UnicodeError:
        return host


def _uts46(host: str) -> str:
    import idna  # only here: its tables take a while, and few hosts need them

    return idna.uts46_remap(host, std3_rules=False, transitional=False)


def _encoded(label: str) -> str:
    if label.isascii() or len(label) > _MOST_LABEL:
        return label
    return _ENCODED + label.encode("punycode", "surrogatepass").decode()


def is_label(label: str) -> bool:
    """Whether a label of a host in the form of the DNS is what the characters that it stands for are encoded as."""
    if not label.startswith(_ENCODED):
        return True
    try:
        written = label.removeprefix(_ENCODED).encode().decode("punycode")
        return not written.isascii() and _uts46(written) == written and _encoded(written) == label
    except UnicodeError:  # as those of idna are
        return False


@lru_cache(4096)
def domains_of_host(host: str) -> tuple[str, ...]:
    """A host, as `host_of` gives it, and every domain above it but the last: `a.b.org` and `b.org`; none where it has no dot.

    Of a name that has more labels than the DNS allows those below are left out.
    """
    labels = ascii_host(host).split(".")[-_MOST_LABELS:]
    return tuple(".".join(labels[first:]) for first in range(len(labels) - 1))


def domains_of(url: str) -> tuple[str, ...]:
    """The same for the host of an address."""
    return domains_of_host(host_of(url))
