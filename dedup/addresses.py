"""The canonical form of an address: what two addresses of the same page have in common.

Only steps after which an address leads to the same place are taken, each with its source below. `http` and `https`, and hosts
with and without `www`, stay apart: nothing says that they serve the same page.
"""

import re

# RFC 3986, appendix B: matches any string.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_HOST = re.compile(r"(\[.*\]|[^:]*)(?::([0-9]*))?", re.DOTALL)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]")

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NEWLINES = str.maketrans("", "", "\t\n\r")
_ENDS = "".join(map(chr, range(0x21)))
_DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21"}

# Parameters that tell how a visitor came and not what the page is, as those who set them document.
TRACKING_PREFIX = "utm_"  # Google Analytics: custom campaigns
TRACKING = frozenset(
    {
        *("gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid"),  # Google Ads, Campaign Manager, Merchant Center
        *("_ga", "_gl"),  # Google Analytics: linker between domains
        "fbclid",  # Facebook
        *("igshid", "igsh"),  # Instagram
        "msclkid",  # Microsoft Advertising
        *("yclid", "ysclid", "_openstat"),  # Yandex Direct and Metrica
        "twclid",  # X
        "ttclid",  # TikTok
        "li_fat_id",  # LinkedIn
        "epik",  # Pinterest
        *("mc_cid", "mc_eid"),  # Mailchimp
        *("_hsenc", "_hsmi"),  # HubSpot
        "mkt_tok",  # Marketo
        *("oly_anon_id", "oly_enc_id"),  # Omeda Olytics
        *("vero_id", "vero_conv"),  # Vero
    }
)


def canonical_url(url: str) -> str:
    """The canonical form of any string; that of a canonical form is itself.

    Tabs and ends of lines within, and blanks and controls around it, go (WHATWG URL, 4.4). Scheme and host are in lower case
    (RFC 3986, 6.2.2.1). The scheme's own port and an empty one go, and an empty path is `/` (6.2.3). Dots that end the host go
    (RFC 1034, 3.1: the root's name). Percent-encoded letters, digits and `-._~` are written plainly, what an address cannot hold
    is encoded from UTF-8, and hexadecimal digits are in upper case (RFC 3986, 6.2.2.2; RFC 3987, 3.1). The fragment goes: it is
    never sent (RFC 9110, 7.1). Parameters of `TRACKING` go; the others keep their order.
    """
    found = _PARTS.fullmatch(url.translate(_NEWLINES).strip(_ENDS))
    assert found  # noqa: S101  the expression matches any string
    scheme, authority, path, query = found.groups()
    scheme = scheme and scheme.translate(_LOWER)
    whole = [] if scheme is None else [f"{scheme}:"]
    if authority is not None:
        whole += ["//", _authority(authority, scheme)]
        path = path or "/"
    whole.append(_escaped(path))
    if query and (left := _without_tracking(query)):
        whole += ["?", left]
    return "".join(whole)


def _authority(authority: str, scheme: str | None) -> str:
    user, at, host = authority.rpartition("@")
    host = host.translate(_LOWER)
    if found := _HOST.fullmatch(host):
        name, port = found[1].rstrip("."), found[2]
        port = port and (port.lstrip("0") or "0")
        host = f"{name}:{port}" if port and port != _DEFAULT_PORTS.get(scheme or "") else name
    return f"{user}{at}{host}"


def _without_tracking(query: str) -> str:
    return "&".join(each for each in _escaped(query).split("&") if not _is_tracking(each))


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].translate(_LOWER)
    return name in TRACKING or name.startswith(TRACKING_PREFIX)


def _escaped(text: str) -> str:
    return _ESCAPE.sub(_one_escaped, text)


def _one_escaped(found: re.Match[str]) -> str:
    """A percent-encoded byte in its one spelling, or a character that an address cannot hold (a `%` without digits too)."""
    if found[1] is None:
        return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))
    byte = chr(int(found[1], 16))
    return byte if byte in _UNRESERVED else found[0].upper()
