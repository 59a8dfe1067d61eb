"""No regular expression of ours, and nothing that is made of them, takes more than linear time for any page."""

import ast
import gzip
import importlib
import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import regex
from attacks import attacks

import filters.line_corrections
import filters.personal_data
import filters.quality.endpoint
import filters.secrets
from pipeline.affix_pieces import Piece, joined
from pipeline.affix_pieces import charset_of as any_of
from pipeline.affix_rules import _Infixes
from pipeline.archives.decode import decode
from pipeline.archives.http_body import (
    Response,
    charset_of,
    dechunk,
    decode_body,
    header_fields,
    is_html,
    media_type,
    split_response,
)
from pipeline.archives.record import parse_date
from pipeline.errors import RecordError
from pipeline.storage_errors import shown

ROOT = Path(__file__).parents[2]
SIZE = 2_000
QUICK = 0.01
"""Seconds of CPU time in which nobody needs to ask how they grow: 4,000 characters of linear work take 1 ms."""
MOST_GROWTH = 3.0
"""Of time when the text is twice as long: 2 is linear, 4 quadratic."""

# What an expression is used for: its methods, and how much of a text is shown to it where the code cuts it.
SEARCH, MATCH, FULL = "search", "match", "fullmatch"
USES: dict[str, tuple[str, int | None]] = {
    "dedup/addresses.py:_ESCAPE": (SEARCH, None),
    "dedup/addresses.py:_HOST": (FULL, None),
    "dedup/addresses.py:_PARTS": (FULL, None),
    "dedup/lines.py:_BLANK_LINES": (SEARCH, None),
    "dedup/lines.py:_LINE_END": (SEARCH, None),
    "dedup/shingles.py:_DIGITS": (SEARCH, None),
    "dedup/shingles.py:_NUMBER": (SEARCH, None),
    "filters/c4.py:CITATION": (SEARCH, None),
    "filters/c4.py:_STOP": (SEARCH, None),
    "filters/dclm_quality.py:_CHUNK": (SEARCH, None),
    "filters/dclm_quality.py:_SYMBOL": (SEARCH, None),
    "filters/dclm_repetition.py:_PARAGRAPH_BREAK": (SEARCH, None),
    "filters/ftfy_text.py:_TOUCHED": (SEARCH, None),
    "filters/gopher_quality.py:_ELLIPSIS": (SEARCH, None),
    "filters/gopher_repetition.py:_LINE_BREAK": (SEARCH, None),
    "filters/gopher_repetition.py:_PARAGRAPH_BREAK": (SEARCH, None),
    "filters/language_guess.py:_BODY": (SEARCH, None),
    "filters/language_guess.py:_SCRIPT": (SEARCH, None),
    "filters/language_guess.py:_SHOWN": (MATCH, 65_536),
    "filters/language_guess.py:_TAG_NAME": (MATCH, None),
    "filters/line_corrections.py:_SPACES": (SEARCH, None),
    "filters/line_corrections.py:built": (MATCH, None),
    "filters/personal_data.py:_DIGITS_AND_DOTS": (SEARCH, None),
    "filters/personal_data.py:_IPV4": (SEARCH, None),
    "filters/personal_data.py:_IPV6": (SEARCH, None),
    "filters/personal_data.py:built": (MATCH, None),
    "filters/phone_numbers.py:_DOTTED": (SEARCH, None),
    "filters/phone_numbers.py:_GROUP": (SEARCH, None),
    "filters/phone_numbers.py:_INTERNATIONAL": (SEARCH, None),
    "filters/phone_numbers.py:_NORTH_AMERICAN": (SEARCH, None),
    "filters/secrets.py:_KEY_BODY": (SEARCH, None),
    "filters/secrets.py:_KEY_LINE": (SEARCH, None),
    "filters/secrets.py:built": (SEARCH, None),
    "filters/text_edits.py:_WORDS": (SEARCH, None),
    "filters/token_pieces.py:PIECES": (SEARCH, None),
    "filters/token_pieces.py:_UNKNOWN": (SEARCH, None),
    "filters/unicode_words.py:_BOUNDARY": (SEARCH, None),
    "filters/unicode_words.py:_MARK": (MATCH, None),
    "filters/url.py:_ALPHANUMERIC": (SEARCH, None),
    "filters/url.py:_NOT_ALPHANUMERIC": (SEARCH, None),
    "pipeline/affix_pieces.py:built": (SEARCH, None),
    "pipeline/affix_rules.py:built": (SEARCH, None),
    "pipeline/annotations/annotation.py:_NAME": (FULL, None),
    "pipeline/annotations/annotation.py:_SHA256": (FULL, None),
    "pipeline/archives/decode.py:_META": (SEARCH, 4096),
    "pipeline/archives/decode.py:_SHIFT": (SEARCH, None),
    "pipeline/archives/decode.py:_SLOPPY": (FULL, None),
    "pipeline/archives/decode.py:_XML": (MATCH, 4096),
    "pipeline/archives/frames.py:_LINE_ENDS": (MATCH, None),
    "pipeline/archives/grammars.py:_ARC_ADDRESS": (FULL, None),
    "pipeline/archives/grammars.py:_ARC_SCHEME": (MATCH, None),
    "pipeline/archives/grammars.py:_HEAD_END": (SEARCH, None),
    "pipeline/archives/grammars.py:_WARC_FIRST": (MATCH, None),
    "pipeline/archives/grammars.py:_WARC_LENGTH": (MATCH, None),
    "pipeline/archives/grammars.py:_WARC_LINE": (MATCH, None),
    "pipeline/archives/gzip_members.py:_MAGIC": (SEARCH, None),
    "pipeline/archives/http_body.py:_CHARSET": (SEARCH, None),
    "pipeline/archives/http_body.py:_CHUNK": (MATCH, None),
    "pipeline/archives/http_body.py:_HEAD_END": (SEARCH, None),
    "pipeline/archives/http_body.py:_HTML": (MATCH, None),
    "pipeline/archives/http_body.py:_MEDIA_TYPE": (MATCH, None),
    "pipeline/archives/http_body.py:_STATUS": (MATCH, None),
    "pipeline/archives/record.py:_BASE32": (FULL, None),
    "pipeline/archives/record.py:_DATE": (FULL, None),
    "pipeline/archives/record.py:_TYPE": (SEARCH, None),
    "pipeline/archives/warc.py:_ZSTD": (MATCH, None),
    r"pipeline/assets.py:'s3://[^/]+/.+'": (FULL, None),
    "pipeline/assets.py:_SCHEME": (MATCH, None),
    "pipeline/assets.py:_SHA256": (FULL, None),
    "pipeline/chunk_words.py:_RUNS": (SEARCH, None),
    "pipeline/dataset.py:_PLACE": (MATCH, None),
    "pipeline/evidence.py:_NEWLINE": (SEARCH, None),
    r"pipeline/inspection/annotation.py:'\\s\\S'": (SEARCH, None),
    "pipeline/inspection/annotation.py:_WORD": (SEARCH, None),
    "pipeline/main_content/formulas.py:TEX_IMAGE": (SEARCH, None),
    "pipeline/main_content/formulas.py:TEX_TYPE": (SEARCH, None),
    "pipeline/markup_counts.py:_ATTRIBUTE": (SEARCH, None),
    "pipeline/markup_counts.py:_CELL": (SEARCH, None),
    "pipeline/markup_counts.py:_SPAN": (SEARCH, None),
    "pipeline/markup_counts.py:_TAG": (SEARCH, None),
    "pipeline/nltk_chunks.py:_JOINED": (SEARCH, None),
    "pipeline/nltk_chunks.py:_PLAIN": (FULL, None),
    r"pipeline/pack.py:'crawl-data/([^/]+)/'": (MATCH, None),
    "pipeline/page_metadata.py:DATE": (FULL, None),
    "pipeline/publishing/front_matter.py:_LANGUAGE": (FULL, None),
    r"pipeline/publishing/hub_client.py:'r\\s*=\\s*0\\s*;\\s*t\\s*=\\s*(\\d+)'": (SEARCH, None),
    "pipeline/publishing/hub_client.py:_ADDRESS": (FULL, None),
    "pipeline/publishing/markdown.py:'`+'": (SEARCH, None),
    "pipeline/publishing/markdown.py:_ACTIVE": (SEARCH, None),
    "pipeline/publishing/markdown.py:_ADDRESS": (SEARCH, None),
    "pipeline/publishing/markdown.py:_LINKED": (SEARCH, None),
    "pipeline/publishing/markdown.py:_PLAIN": (FULL, None),
    "pipeline/publishing/markdown.py:_SPECIAL": (SEARCH, None),
    "pipeline/publishing/release.py:_IDENTIFIER": (FULL, None),
    "pipeline/publishing/release.py:_VERSION": (FULL, None),
    "pipeline/remote/hub.py:_ADDRESS": (FULL, None),
    r"pipeline/report/markup.py:'(?<=_)(?=[^_])'": (SEARCH, None),
    "pipeline/report/markup.py:_ACTIVE": (SEARCH, None),
    "pipeline/report/markup.py:_NAME": (FULL, None),
    "pipeline/rows/pieces.py:_NAME": (FULL, None),
    "pipeline/sizes.py:_WRITTEN": (FULL, None),
    "pipeline/rows/line_writer.py:_SIGNS": (SEARCH, None),
    "pipeline/rows/shapes.py:_HALF": (SEARCH, None),
    r"pipeline/sources.py:'[^A-Za-z0-9_-]+'": (SEARCH, None),
    r"pipeline/sources.py:'crawl-data/([^/]+)/'": (MATCH, None),
    r"pipeline/sources.py:'hf://datasets/[^/]+/([^/@]+)'": (MATCH, None),
    "pipeline/sources.py:_SOURCE_NAME": (FULL, None),
    "pipeline/storable.py:_SURROGATE": (SEARCH, None),
    "pipeline/storage.py:_STAGED": (FULL, None),
    "pipeline/storage_errors.py:_ADDRESS": (SEARCH, None),
    "pipeline/storage_errors.py:_CODE": (SEARCH, None),
    "pipeline/storage_errors.py:_CREDENTIALS": (SEARCH, None),
    "pipeline/storage_errors.py:_STATUS": (SEARCH, None),
    "pipeline/takedown/hosts.py:_AUTHORITY": (MATCH, None),
    "pipeline/takedown/hosts.py:_PORT": (SEARCH, None),
    "pipeline/takedown/hosts.py:_UNSEEN": (SEARCH, None),
    "pipeline/takedown/listing.py:_HOST": (FULL, None),
    "pipeline/takedown/listing.py:_PLACE": (FULL, None),
    "filters/quality/endpoint.py:built": (SEARCH, None),
    "filters/quality/kenlm.py:_DIGIT": (FULL, None),
    "filters/quality/kenlm.py:_UNSEEN": (FULL, None),
    "filters/quality/windows.py:_CUT": (SEARCH, None),
    "filters/quality/word_ids.py:built": (SEARCH, None),
    "filters/quality/word_ids.py:'\\\\s'": (SEARCH, None),
    "pipeline/model_files.py:NAME": (FULL, None),
    "pipeline/model_files.py:SHA256": (FULL, None),
    "pipeline/model_formats/kinds.py:NAME": (FULL, None),
    "pipeline/model_formats/kinds.py:_TEXTS": (FULL, None),
    "pipeline/model_formats/kinds.py:'pytorch_model.*\\\\.bin$|training_args\\\\.bin$|.*optimizer.*\\\\.bin$'": (
        MATCH,
        200,
    ),
    "pipeline/model_formats/language_models.py:_COUNT": (FULL, None),
    "pipeline/model_formats/onnx.py:_OPERATORS": (SEARCH, None),
    "pipeline/model_formats/settings.py:_NO_PLACES": (FULL, None),
    "pipeline/model_formats/settings.py:_PLACE": (MATCH, None),
    "pipeline/model_formats/settings.py:'[\\\\\\\\/]'": (SEARCH, None),
    "pipeline/quality.py:COLUMN": (FULL, None),
    "pipeline/remote/chat.py:_KEY": (FULL, None),
    "pipeline/remote/chat.py:'\\\\d{1,6}(?:\\\\.\\\\d{1,6})?'": (FULL, None),
    "pipeline/remote/chat.py:'[!-~]+'": (FULL, None),
    "pipeline/remote/chat.py:'[!-~]{1,253}'": (FULL, None),
    "pipeline/remote/model_fetching.py:_LINE": (FULL, None),
    "pipeline/remote/model_fetching.py:'[a-z0-9+.-]+://[^/]+.*'": (FULL, None),
}
OURS_ALONE = {  # what they read are the expressions of an installed trafilatura, a hundred lines that no page can change
    "pipeline/main_content/expressions.py",
}
BUILT: dict[
    str, Callable[[], list[Any]]
] = {  # made from a recipe's own words or spaCy's pieces, by functions whose values are given here
    "pipeline/affix_pieces.py": lambda: [joined([Piece("(?<=[0-9])(?:km|m)$"), Piece(r"\;$")]), any_of(["a-z", "0-9"])],
    "pipeline/affix_rules.py": lambda: [_Infixes(["…", "(?<=[a-z]),(?=[a-z])"])._whole.__self__],
    "filters/line_corrections.py": lambda: [filters.line_corrections._counter(("likes", "shares"))],
    "filters/quality/endpoint.py": lambda: [re.compile(filters.quality.endpoint.POINTS)],
    "filters/quality/word_ids.py": lambda: [re.compile("|".join(map(re.escape, ("[CLS]", "[SEP]"))))],
    "filters/secrets.py": lambda: [
        cell.cell_contents
        for find in filters.secrets.FORMATS.values()
        for cell in find.__closure__ or ()
        if isinstance(cell.cell_contents, re.Pattern)
    ],
    "filters/personal_data.py": lambda: [
        each
        for address in (filters.personal_data._ANY_CASE, filters.personal_data._LOWER_CASE)
        for each in (address.domain, address.local_start)
    ],
}
METHODS = {"compile", "search", "match", "fullmatch", "split", "sub", "subn", "findall", "finditer"}


def written() -> Iterator[tuple[str, ast.expr]]:
    """Every call of `re` and `regex` in the packages that see pages, by file and name (or pattern), and its pattern."""
    for path in sorted(path for package in ("pipeline", "filters", "dedup") for path in (ROOT / package).rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        for statement in ast.walk(ast.parse(path.read_text())):
            if isinstance(statement, ast.Module):
                continue
            for child in ast.iter_child_nodes(statement) if isinstance(statement, ast.ClassDef) else [statement]:
                yield from _calls(where, child)


def _calls(where: str, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS):
        return
    if isinstance(node.func.value, ast.Name) and node.func.value.id in {"re", "regex"}:
        yield where, node.args[0]


def assigned(where: str) -> dict[int, str]:
    """The module's name that a line belongs to the assignment of."""
    names: dict[int, str] = {}
    for node in ast.parse((ROOT / where).read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            names |= dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), ast.unparse(target))
    return names


def found() -> dict[str, list[Any]]:
    """Expressions by key: the module's value where one is assigned there, else the pattern as it is written."""
    keys: dict[str, list[Any]] = {}
    for where, pattern in written():
        if where in OURS_ALONE:
            continue
        name = assigned(where).get(pattern.lineno)
        if name is None:
            if where in BUILT and not isinstance(pattern, ast.Constant):
                keys[f"{where}:built"] = BUILT[where]()
                continue
            assert isinstance(pattern, ast.Constant), f"{where}:{pattern.lineno} has a pattern nobody can look at"
            keys[f"{where}:{pattern.value!r}"] = [re.compile(pattern.value)]
        else:
            module = importlib.import_module(where.removesuffix(".py").replace("/", "."))
            keys[f"{where}:{name}"] = expressions(getattr(module, name))
    return keys


def expressions(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [each for item in value for each in expressions(item)]
    return [value] if isinstance(value, re.Pattern | regex.Pattern) else []


FOUND = found()


def test_every_expression_of_ours_is_listed_with_its_use() -> None:
    assert sorted(FOUND) == sorted(USES)


def seconds(action: Callable[[], object], times: int = 1) -> float:
    """CPU time of this process, the least of some times."""
    spent: list[float] = []
    for _ in range(times):
        began = time.process_time()
        action()
        spent.append(time.process_time() - began)
    return min(spent)


def worst(pattern: Any, use: str, limit: int | None) -> tuple[float, str]:
    """The first growth from one length of a text to twice that which is too much, else the last, and the text's beginning."""
    growth, text = 0.0, ""
    for short, long in zip(_attacks(pattern, SIZE), _attacks(pattern, 2 * SIZE), strict=True):
        growth, text = _growth(pattern, use, short[:limit], long[:limit]), repr(long[:60])
        if growth >= MOST_GROWTH:
            break
    return growth, text


def _attacks(pattern: Any, size: int) -> list[Any]:
    text = pattern.pattern
    if isinstance(pattern, regex.Pattern):
        text = re.sub(r"\\p\{[^}]*\}", r"\\d", text)  # any character of a class will do
    if isinstance(text, bytes):
        return [each.encode("latin-1", "replace") for each in attacks(text.decode("latin-1"), 0, size)]
    return list(attacks(text, pattern.flags & re.VERBOSE, size))


def _growth(pattern: Any, use: str, short: Any, long: Any) -> float:
    """0 where nobody needs to know. One match of a search is looked for after the other, as `sub` and `finditer` do."""

    def run(text: Any) -> object:
        return list(islice(pattern.finditer(text), len(text))) if use == SEARCH else getattr(pattern, use)(text)

    once = seconds(lambda: run(long))
    if once < QUICK:
        return 0.0
    assert once < 30, f"{once:.1f} s for {long[:60]!r}"
    return seconds(lambda: run(long), 3) / max(seconds(lambda: run(short), 3), 1e-6)


@pytest.mark.parametrize("key", sorted(USES))
def test_an_expression_takes_linear_time_for_whatever_is_shown_to_it(key: str) -> None:
    use, limit = USES[key]
    for pattern in FOUND[key]:
        growth, text = worst(pattern, use, limit)
        assert growth < MOST_GROWTH, f"{pattern.pattern!r} grows {growth:.1f}-fold with twice of {text}"


@pytest.mark.parametrize(
    "pattern",
    [
        r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)",
        r"(https?://[^\s?]*)\?\S+",
        r"\s+$",
        r"<!--.*?-->",
        r"[a-z0-9-]+(?:\.[a-z0-9-]+)*@",
    ],
)
def test_an_expression_that_backtracks_would_be_found(pattern: str) -> None:
    assert worst(re.compile(pattern), SEARCH, None)[0] > MOST_GROWTH


# What the expressions are part of.

FUNCTIONS: dict[str, Callable[[int], Callable[[], object]]] = {
    "a charset behind many blanks": lambda n: lambda: charset_of("text/html; charset=" + " " * n + ";"),
    "many charsets without a value": lambda n: lambda: charset_of("charset = " * (n // 10)),
    "a long media type": lambda n: lambda: media_type("text/" + "x" * n + " !"),
    "a charset behind many blanks and a quote": lambda n: (
        lambda: charset_of("charset=" + " " * n + "'" + " " * n + ";")
    ),
    "many folded lines": lambda n: lambda: header_fields(b"HTTP/1.1 200 OK\r\nA: b\r\n" + b" c\r\n" * (n // 4)),
    "many fields of one name": lambda n: lambda: header_fields(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (n // 6)),
    "a header that does not end": lambda n: lambda: split_response(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (n // 6)),
    "line ends": lambda n: lambda: split_response(b"HTTP/1.1 200 OK" + b"\r" * n),
    "chunks of one byte": lambda n: lambda: dechunk(b"1\r\na\r\n" * (n // 6)),
    "a chunk extension that does not end": lambda n: lambda: dechunk(b"1\r\na\r\n1;" + b"x" * n),
    "many codings": lambda n: lambda: refused(b"gzip," * (n // 5)),
    "gzip of gzip members": lambda n: (
        lambda: decode_body(Response(200, {"content-encoding": "gzip"}, gzip.compress(b"a") * (n // 21)), 1 << 20)
    ),
    "a date of digits": lambda n: lambda: parse_date("20210304050607." + "1" * n),
    "a date of blanks": lambda n: lambda: parse_date("2021" + " " * n + "x"),
    "meta elements without a charset": lambda n: lambda: decode(b"<meta " * (n // 6) + b"\xff" * 40, None),
    "a meta charset behind blanks": lambda n: lambda: decode(b"<meta charset=" + b" " * n + b"\xff\xfe\xfd", None),
    "an XML declaration that does not end": lambda n: lambda: decode(b"<?xml " + b"encoding = " * n + b"\xff", None),
    "a label of a charset": lambda n: lambda: decode(b"\xff\xfe\xfd", "utf-8 " + "x" * n),
    "blanks before HTML": lambda n: lambda: is_html(b" " * n + b"<html>"),
    "addresses without an end": lambda n: lambda: shown("http://" * (n // 7)),
}


def refused(codings: bytes) -> object:
    try:
        return decode_body(Response(200, {"content-encoding": codings.decode()}, b"\x1f\x8b" + b"x" * 99), 1 << 20)
    except RecordError as error:
        return error


@pytest.mark.parametrize("name", FUNCTIONS)
def test_reading_a_hostile_response_takes_linear_time(name: str) -> None:
    small, large = FUNCTIONS[name](200_000), FUNCTIONS[name](400_000)
    once = seconds(large)
    if once > 0.2:  # 0.5 µs a byte
        assert seconds(large, 3) < MOST_GROWTH * seconds(small, 3)
