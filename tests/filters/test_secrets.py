"""Keys and tokens: what is taken for one, and what is not. Every key here is put together from pieces and opens nothing."""

import base64
import random

import pytest
from growth import grows_with_the_text
from hypothesis import given
from hypothesis import strategies as st

from filters.secrets import FORMATS, Secrets
from pipeline.errors import RecipeError
from pipeline.measures import Edit, Transform, undo
from pipeline.pages import Pages

PART = Secrets()
LETTERS, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
ALNUM = LETTERS + UPPER + DIGITS
CHOOSE = random.Random(0)


def some(count: int, of: str = ALNUM) -> str:
    return "".join(CHOOSE.choice(of) for _ in range(count))


def token(json: bytes) -> str:
    return base64.urlsafe_b64encode(json).decode().rstrip("=")


def block(kind: str, body: str) -> str:
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


JWT = ".".join([token(b'{"alg":"HS256","typ":"JWT"}'), token(b'{"sub":"1234567890","iat":1516239022}'), some(43)])
KEY_BODY = "\n".join(some(64) for _ in range(20)) + "\nabcd=="
EXAMPLES = {
    "aws_access_key_id": ["AKIA" + some(16, UPPER + "234567"), "ASIA" + some(16, UPPER)],
    "aws_secret_access_key": [some(38) + "/+"],
    "github": ["ghp_" + some(36), "ghs_" + some(36)],
    "github_fine_grained": ["github_pat_" + some(22) + "_" + some(59)],
    "gitlab": ["glpat-" + some(20)],
    "google_api_key": ["AI" + "za" + some(33) + "-x"],
    "google_client_secret": ["GOCSPX-" + some(28)],
    "hugging_face": ["hf_" + some(34, LETTERS + UPPER)],
    "jwt": [JWT],
    "npm": ["npm_" + some(36)],
    "openai": ["sk-" + some(20) + "T3BlbkFJ" + some(20), "sk-proj-" + some(48) + "_T3BlbkFJ" + some(60)],
    "anthropic": ["sk-ant-" + "api03-" + some(93) + "AA"],
    "private_key": [block(kind + "PRIVATE KEY", KEY_BODY) for kind in ("", "RSA ", "OPENSSH ", "ENCRYPTED ")]
    + [block("PGP PRIVATE KEY " + "BLOCK", "Version: 1\n\n" + KEY_BODY)],
    "pypi": ["pypi-" + "AgEIcHlwaS5vcmc" + some(100)],
    "sendgrid": ["SG." + some(22) + "." + some(43)],
    "slack": ["xoxb-" + some(12, DIGITS) + "-" + some(12, DIGITS) + "-" + some(24)],
    "slack_webhook": ["T" + some(8, UPPER) + "/B" + some(8, UPPER) + "/" + some(24)],
    "stripe": ["sk_" + "live_" + some(24), "rk_" + "test_" + some(99)],
}
BEFORE = {
    "aws_secret_access_key": "aws_secret_access_key = ",
    "slack_webhook": "https://hooks.slack.com/services/",
}


def changed(text: str, part: Secrets = PART) -> str:
    done = part.transform(Pages([text]))
    assert undo(done.texts[0], done.edits[0]) == text
    return done.texts[0]


def test_it_is_a_transform_and_every_format_has_an_example() -> None:
    assert isinstance(PART, Transform)
    assert set(EXAMPLES) == set(FORMATS)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("it is ", ", see"), ('"', '"'), ("(", ")."), ("\n", "\n")])
def test_a_secret_goes_and_nothing_else(kind: str, before: str, after: str) -> None:
    for secret in EXAMPLES[kind]:
        start = before + BEFORE.get(kind, "")
        assert changed(f"{start}{secret}{after}") == f"{start}<secret>{after}"
        assert changed(f"{start}{secret}{after}", Secrets(formats=(kind,))) == f"{start}<secret>{after}"


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"private_key", *BEFORE}))
def test_within_a_longer_word_nothing_is_a_secret(kind: str) -> None:
    for secret in EXAMPLES[kind]:
        assert changed(f"x{secret}") == f"x{secret}"
        assert changed(f"_{secret}") == f"_{secret}"


@pytest.mark.parametrize(
    "text",
    [
        "The AKIA prefix marks a key; ghp_ marks GitHub's, xoxb- Slack's, and eyJ begins most JWTs.",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 of sha1-base64: L9ThxnotKPzthJ7hu3bnORuT6xI=",
        "550e8400-e29b-41d4-a716-446655440000 and eyJhbGciOiJIUzI1NiJ9 alone",
        "task-sk-learn, desk-proj-2024, SG.1.2 and SK1234, hf_transfer, npm_config_registry=https://example.org",
        "AKIAK" + "A" * 30,
        block("PUBLIC KEY", KEY_BODY),
        block("CERTIFICATE", KEY_BODY),
        block("RSA PRIVATE KEY", "..."),
        f"It starts with {block('PRIVATE KEY', 'and the next line')}, with base64 between.",
        "aws_secret_access_key is what you look for, in ~/.aws/credentials",
    ],
)
def test_ordinary_text_that_speaks_of_secrets_stays(text: str) -> None:
    assert changed(text) == text


def test_secrets_are_counted_and_each_is_an_edit() -> None:
    key, other = EXAMPLES["github"]
    done = PART.transform(Pages([f"{key} and {other}", "none"]))
    assert done.edits == [(Edit("secrets", 0, key, "<secret>"), Edit("secrets", 13, other, "<secret>")), ()]
    assert done.signals.to_pylist() == [{"secret_count": 2}, {"secret_count": 0}]


def test_only_the_formats_that_are_asked_for_go() -> None:
    text = f"{JWT} {EXAMPLES['npm'][0]}"
    assert changed(text, Secrets(formats=("jwt",))) == f"<secret> {EXAMPLES['npm'][0]}"


def test_the_same_secret_becomes_the_same_everywhere() -> None:
    part = Secrets(replacements=("one", "two"))
    alone = [changed(f"npm_{number:036}", part) for number in range(20)]
    assert changed(" ".join(f"npm_{number:036}" for number in range(20)), part) == " ".join(alone)
    assert set(alone) == {"one", "two"}


PIECES = st.sampled_from(
    [secret for kind in sorted(EXAMPLES) for secret in EXAMPLES[kind]] + ["-----", "eyJ", ".", "_"]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=8))
def test_edits_rebuild_any_text_and_twice_is_as_once_where_secrets_stand_apart(pieces: list[str]) -> None:
    changed(Pages(["".join(pieces)]).texts[0])
    once = changed(Pages([" ".join(pieces)]).texts[0])
    assert changed(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "eyJaaaaaaaaaaaa.",
        "-----BEGIN " + "PRIVATE KEY-----\n",
        "AKIA",
        "ghp_",
        "xoxb-1-",
        "sk-T3BlbkFJ",
        "AIza",
        "SG.",
        "-",
        "a",
        "aws_secret_key=",
        "pypi-AgEIcHlwaS5vcmc",
        "sk-ant-api03-",
    ],
)
def test_time_grows_as_the_text_does(piece: str) -> None:
    assert grows_with_the_text(PART, piece)


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(RecipeError, match="no format gitlob; there are"):
        Secrets(formats=("gitlob",))
    with pytest.raises(RecipeError, match="at least one"):
        Secrets(replacements=())
    with pytest.raises(RecipeError, match="itself"):
        Secrets(replacements=("npm_" + "0" * 36,))
