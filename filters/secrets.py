"""Takes keys and tokens that open something out of a text: what people paste into pages by mistake.

A format is here only if its issuer marks it (a prefix, or the header of a key block), so that ordinary text, digests and
identifiers are not taken for one. Every pattern begins with literal characters, has bounds, and does not begin or end inside a
word, so that a search takes time linear in the text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import pyarrow as pa

from filters.text_edits import all_replaced
from pipeline.errors import RecipeError
from pipeline.evidence import Place, Span
from pipeline.measures import Transformed, schema, signals_of
from pipeline.pages import Pages

_Find = Callable[[str], Iterator[Place]]

_START, _END = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_])"
_URL_SAFE = "[A-Za-z0-9_-]"
_LONGEST = 4_000  # characters of one piece of a token; a JWT must fit into a header of HTTP


def _marked(expression: str, *marks: str) -> _Find:
    """The matches of `expression` where a text has one of `marks`, without which it cannot match; its group, if it has one."""
    pattern = re.compile(_START + expression + _END)

    def find(text: str) -> Iterator[Place]:
        if any(mark in text for mark in marks):
            yield from (found.span(pattern.groups) for found in pattern.finditer(text))

    return find


_KEY_LINE = re.compile(r"-----(BEGIN|END) ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{32}")
_KEY_CHARS = 100_000


def _key_blocks(text: str) -> Iterator[Place]:
    """From BEGIN to the next END of the same kind, with at least one run of base64 between (RFC 7468; PGP: RFC 9580)."""
    if "PRIVATE KEY" not in text:
        return
    for begin, end in pairwise(_KEY_LINE.finditer(text)):
        matches = (begin[1], end[1]) == ("BEGIN", "END") and begin[2] == end[2]
        if matches and end.start() - begin.end() <= _KEY_CHARS and _KEY_BODY.search(text, begin.end(), end.start()):
            yield begin.start(), end.end()


FORMATS: Mapping[str, _Find] = {
    # Identifiers of long-term and temporary keys, and the key itself where it is named (AWS IAM's documentation).
    "aws_access_key_id": _marked(r"(?:AKIA|ASIA)[A-Z0-9]{16}", "AKIA", "ASIA"),
    "aws_secret_access_key": _marked(
        r"(?i:aws_?secret_?(?:access_?)?key)[\"']?\s{0,3}(?:=>|[=:])\s{0,3}[\"']?([A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))",
        *("aws_secret", "AWS_SECRET", "awsSecret", "AwsSecret", "AWSSecret"),
    ),
    # GitHub's prefixes of 2021 (personal, OAuth, user, server, refresh) and its fine-grained tokens.
    "github": _marked(r"gh[pousr]_[A-Za-z0-9]{36,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    "github_fine_grained": _marked(r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", "github_pat_"),
    "gitlab": _marked(rf"glpat-{_URL_SAFE}{{20,64}}", "glpat-"),
    "google_api_key": _marked(rf"AIza{_URL_SAFE}{{35}}(?!-)", "AIza"),
    "google_client_secret": _marked(rf"GOCSPX-{_URL_SAFE}{{28}}(?!-)", "GOCSPX-"),
    "hugging_face": _marked(r"hf_[A-Za-z]{34}", "hf_"),
    # Header and claims are JSON objects in base64 (RFC 7519), so both begin with `{"`, which is `eyJ`.
    "jwt": _marked(
        rf"(?<!-)eyJ{_URL_SAFE}{{10,{_LONGEST}}}\.eyJ{_URL_SAFE}{{10,{_LONGEST}}}\.{_URL_SAFE}{{20,{_LONGEST}}}(?!-)",
        "eyJ",
    ),
    "npm": _marked(r"npm_[A-Za-z0-9]{36}", "npm_"),
    "openai": _marked(rf"sk-{_URL_SAFE}{{20,100}}T3BlbkFJ{_URL_SAFE}{{20,100}}", "T3BlbkFJ"),
    "anthropic": _marked(rf"sk-ant-[a-z0-9]{{2,10}}-{_URL_SAFE}{{80,120}}", "sk-ant-"),
    "private_key": _key_blocks,
    "pypi": _marked(rf"pypi-AgEIcHlwaS5vcmc{_URL_SAFE}{{50,{_LONGEST}}}", "pypi-AgEIcHlwaS5vcmc"),
    "sendgrid": _marked(rf"SG\.{_URL_SAFE}{{22}}\.{_URL_SAFE}{{43}}(?!-)", "SG."),
    # Slack's bot, user, app, legacy and refresh tokens: numbers of workspace and user, then the secret.
    "slack": _marked(
        r"(?:xox[abeoprs](?:\.xox[bp])?-(?:[0-9]{1,20}-){1,3}[A-Za-z0-9]{10,200}"
        r"|xapp-[0-9]-[A-Z0-9]{5,20}-[0-9]{5,20}-[a-z0-9]{32,100})",
        *("xox", "xapp-"),
    ),
    "slack_webhook": _marked(
        r"https://hooks\.slack\.com/services/(T[A-Z0-9]{6,15}/B[A-Z0-9]{6,15}/[A-Za-z0-9]{20,30})", "hooks.slack.com"
    ),
    "stripe": _marked(r"[rs]k_(?:live|test)_[A-Za-z0-9]{20,247}", "k_live_", "k_test_"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Replaces what has one of `formats` (names of `FORMATS`); the hash of the match chooses among `replacements`.

    Of matches that overlap the first counts, of two that begin together the longer. Where secrets stand apart, doing it
    twice changes nothing more.
    """

    name: ClassVar[str] = "secrets"
    version: ClassVar[int] = 1
    engines: ClassVar[tuple[str, ...]] = ()
    signals: ClassVar[pa.Schema] = schema(secret_count="int32")  # noqa: S106  a type

    formats: tuple[str, ...] = tuple(FORMATS)
    replacements: tuple[str, ...] = ("<secret>",)

    def __post_init__(self) -> None:
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown:
            raise RecipeError(f"secrets: no format {', '.join(unknown)}; there are {', '.join(FORMATS)}")
        if not self.replacements:
            raise RecipeError("secrets: give at least one replacement")
        if any(next(self._places(text), None) for text in self.replacements):
            raise RecipeError("secrets: a replacement is itself of a secret's format")

    def transform(self, pages: Pages) -> Transformed:
        """New texts, the edits and the counts."""
        texts, edits = all_replaced(self.name, pages.texts, self._places, self.replacements)
        return Transformed(texts, edits, signals_of(self.signals, {"secret_count": list(map(len, edits))}, len(pages)))

    def evidence(self, text: str, subject: str) -> list[Span]:
        """What is replaced."""
        return [Span(*place, "key or token") for place in self._places(text)] if subject == "secret_count" else []

    def _places(self, text: str) -> Iterator[Place]:
        """In order and without overlap."""
        end = 0
        found = sorted({place for name in self.formats for place in FORMATS[name](text)}, key=_first_then_longest)
        for place in found:
            if place[0] >= end:
                yield place
                end = place[1]


def _first_then_longest(place: Place) -> Place:
    return place[0], -place[1]
