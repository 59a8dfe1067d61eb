"""Everything known of one page: how it was read, each signal against its rule, its duplicates, and where it went.

A view over the run's tables, joined by (part, row); there is no second copy of any of it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.archives.record import Record
from pipeline.archives.warc import MAX_BODY, read_record_at
from pipeline.dataset import shard_name
from pipeline.earlier import earlier_document, is_earlier
from pipeline.errors import InputError
from pipeline.fate import bundled, fate, ingested, judged
from pipeline.inputs import open_input
from pipeline.measures import Rule
from pipeline.pack import places_of
from pipeline.reading import open_reader
from pipeline.receipts import Receipt
from pipeline.remarks import ELSEWHERE
from pipeline.rows.columns import RowColumns
from pipeline.runs import BESIDE, OpenRun, StepRecord
from pipeline.schemas import PAGE_FACTS, RECORDS, document_number
from pipeline.sources import ROW_FILES, SourcePart
from pipeline.tables import read_rows, read_table
from pipeline.url_index import look_up

MOST_MEMBERS = 20  # of a cluster are named; its size is always given

_PART, _ROW = 24, (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCheck:
    """One rule on this page: the value it saw and whether it fails."""

    rule: Rule
    value: Any
    fails: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One record of the run. `verdict` is None where `decide` has not reached it yet.

    `removed` are the pieces of the stored text that the dataset has not, because other documents of it have them.
    `facts` are the title, author and date that the page gives itself, where the run asked for them and the page says so.
    """

    part: int
    row: int
    file: str
    record: dict[str, Any]
    signals: dict[str, Any]
    verdict: str | None = None
    reason: str | None = None
    checks: list[RuleCheck] = field(default_factory=list[RuleCheck])
    duplicates: dict[str, Any] | None = None
    shard: str | None = None
    text: str | None = None
    edits: int = 0
    removed: list[str] = field(default_factory=list[str])
    remarks: list[str] = field(default_factory=list[str])
    facts: dict[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, Any]:
        """The story as a machine reads it."""
        return asdict(self)


def find(run: OpenRun, page: str) -> list[tuple[int, int]]:
    """(part, row) of every record whose URL or record id is `page`, in the order of the crawl."""
    step = run.step("index")
    candidates = _by_index(run, step, page) if step and run.is_sealed(step) else _by_scan(run, page)
    return [(part, row) for part, row in candidates if page in _names_of(run, part, row)]


def _by_index(run: OpenRun, step: StepRecord, page: str) -> list[tuple[int, int]]:
    receipts = run.receipts("index")
    in_order = [receipts[part.key] for part in run.parts(step)]
    found = {place for text in (page, f"<{page}>") for place in look_up(run.storage, in_order, text)}
    return sorted(found)


def _by_scan(run: OpenRun, page: str) -> list[tuple[int, int]]:
    """The same without an index, over what an unfinished run has committed."""
    found: list[tuple[int, int]] = []
    receipts = run.receipts("ingest")
    for number, part in enumerate(run.source.parts):
        if part.key in receipts:
            table = read_table(run.storage, receipts[part.key], "records", ["url", "record_id"])
            hit = (pc.field("url") == page) | pc.field("record_id").isin([page, f"<{page}>"])
            rows = table.append_column("row", [list(range(table.num_rows))]).filter(hit)["row"].to_pylist()
            found += [(number, row) for row in rows]
    return found


def _names_of(run: OpenRun, part: int, row: int) -> set[str]:
    record = read_rows(run.storage, ingested(run, part), "records", row)[0]
    return {record["url"], record["record_id"], record["record_id"].strip("<>")}


def story(run: OpenRun, part: int, row: int) -> Story:
    """The whole story of a record, as far as the run has got."""
    receipt = ingested(run, part)
    fields = read_rows(run.storage, receipt, "records", row)[0]
    record = {name: fields.pop(name) for name in RECORDS.names}
    document_row: int | None = record["document_row"]
    document: dict[str, Any] = {}
    if document_row is not None:
        document = read_rows(run.storage, receipt, "documents", document_row)[0]
        fields |= _later_signals(run, part, document_row)
    verdict = judged(run, part, row) or {"verdict": None, "reason": None, "violations": []}
    kept = verdict["verdict"] == "keep" and document_row is not None
    duplicates = _duplicates(run, part, document_row) if kept and document_row is not None else None
    end = fate(run, part, document_row, verdict, duplicates)
    return Story(
        part=part,
        row=row,
        file=run.source.parts[part].name,
        record=record,
        signals=fields,
        verdict=end.verdict,
        reason=end.reason,
        checks=_checks(run, fields, verdict["violations"], end.reason) if document_row is not None else [],
        duplicates=duplicates,
        shard=_shard(run, part) if end.stays else None,
        text=document.get("text"),
        edits=len(document.get("edits") or ()),
        removed=[document["text"][start:end] for start, end in places_of(end.cut["spans"] if end.cut else None)],
        facts={name: document[name] for name in PAGE_FACTS.names if document.get(name) is not None},
        remarks=[*_remarks(run, receipt, row), *_elsewhere(run, part, record["record_id"])],
    )


def _remarks(run: OpenRun, receipt: Receipt, row: int) -> list[str]:
    """What is odd about the record, as `remark: detail`."""
    if "remarks" not in receipt.files:
        return []
    found = read_table(run.storage, receipt, "remarks", where=pc.field("record_row") == row).to_pylist()
    return [f"{each['remark']}: {each['detail']}" if each["detail"] else each["remark"] for each in found]


def _elsewhere(run: OpenRun, part: int, record_id: str) -> list[str]:
    """The first record of an earlier file that has the id, as a remark, once the run has its index."""
    step = run.step("index")
    if not record_id or step is None or not run.is_sealed(step):
        return []
    for other, row in _by_index(run, step, record_id):
        if other < part and read_rows(run.storage, ingested(run, other), "records", row)[0]["record_id"] == record_id:
            return [f"{ELSEWHERE}: the id of row {row} of {run.source.parts[other].name}"]
    return []


def _later_signals(run: OpenRun, part: int, document_row: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for step in run.record.steps:
        beside = bundled(run, step.name, part, "documents") if step.name.startswith(BESIDE) else None
        if beside is not None:
            found |= read_rows(run.storage, beside[0], "signals", beside[1] + document_row)[0]
    return found


def _checks(run: OpenRun, signals: dict[str, Any], violations: list[int], reason: str | None) -> list[RuleCheck]:
    """Each rule beside its signal; of those that judge what deduplication left, only the one that was the reason fails."""
    return [
        RuleCheck(rule=rule, value=signals.get(rule.signal), fails=number in violations or rule.reason == reason)
        for number, rule in enumerate(run.record.rules)
    ]


def _duplicates(run: OpenRun, part: int, document_row: int) -> dict[str, Any] | None:
    found = bundled(run, "survivors", part, "documents")
    if found is None:
        return None
    answer = read_rows(run.storage, found[0], "survivors", found[1] + document_row)[0]
    reason = None if answer["keep"] else answer.get("reason", "near_duplicate")  # copies have a reason of their own
    if answer["cluster"] is None:
        return {
            "cluster_size": 1,
            "keep": answer["keep"],
            "reason": reason,
            "survivor": None,
            "members": [],
            "similarity": None,
            "earlier": None,
        }
    survivor: int = answer["survivor"]
    members = _members(run, answer["cluster"])
    earlier = earlier_document(run, survivor) if is_earlier(survivor) else None
    if not earlier:
        members = {survivor: None} | members  # one that has only copies is in no table of clusters
    similarity = members.pop(document_number(part, document_row), None)
    return {
        "cluster_size": answer["cluster_size"],
        "keep": answer["keep"],
        "reason": reason,
        "survivor": earlier.url if earlier else _url_of(run, survivor),
        "members": [_url_of(run, member) for member in list(members)[:MOST_MEMBERS]],
        "similarity": similarity,
        "earlier": asdict(earlier) if earlier else None,
    }


def _members(run: OpenRun, cluster: int) -> dict[int, float | None]:
    """The documents of a cluster with their similarity to the survivor: those that are clustered, then the exact copies."""
    same = pc.field("cluster") == pa.scalar(cluster, pa.uint64())
    found: dict[int, float | None] = {}
    for receipt in run.receipts("clusters").values():  # a cluster is in one of them
        table = read_table(run.storage, receipt, "clusters", ["document", "similarity"], where=same)
        found |= zip(table["document"].to_pylist(), table["similarity"].to_pylist(), strict=True)
    for step in ("settled-text", "settled-url"):
        for receipt in run.receipts(step).values():
            table = read_table(run.storage, receipt, "settled", ["document"], where=same)
            found |= dict.fromkeys(table["document"].to_pylist())
    return found


def _url_of(run: OpenRun, document: int) -> str:
    return read_rows(run.storage, ingested(run, document >> _PART), "documents", document & _ROW)[0]["url"]


def _shard(run: OpenRun, part: int) -> str | None:
    step = run.step("pack")
    if step is None or not run.is_sealed(step):
        return None
    return shard_name(part // step.span, len(run.parts(step)))


def raw_record(run: OpenRun, told: Story) -> tuple[bytes, str | None]:
    """The page's body, read again from its input file by offset, and the charset its HTTP header names; of a row its text.

    Raises:
        InputError: the file is not where it was, or holds something else there now.
    """
    again = record_again(run, told.part, told.record)
    return (again.body, again.http_charset) if again.text is None else (again.text.encode("utf-8", "replace"), "utf-8")


def record_again(run: OpenRun, number: int, record: dict[str, Any], most: int = MAX_BODY) -> Record:
    """The record that stands in `records` as `record`, read again from input file `number`; of more than `most` bytes no body.

    Raises:
        InputError: the file is not where it was, or holds something else there now.
    """
    part = run.source.parts[number]
    offset: int = record["offset"]
    if part.name.endswith(ROW_FILES):
        again = _row_at(part, offset, run.columns or RowColumns(), most)
    else:
        with open_input(part.location, offset, record["length"]) as stream:
            again = read_record_at(stream, part.name, offset=offset, max_body_bytes=most)
    if again is None or again.url != record["url"]:
        raise InputError(f"{part.location}: at {offset} there is now {again.url if again else 'no page'}")
    return again


def _row_at(part: SourcePart, offset: int, columns: RowColumns, most: int) -> Record | None:
    """The row that begins at `offset`; the file is read from its beginning to there."""
    with open_reader(part, columns, most) as reader:
        return next((record for record in reader.records() if record.offset == offset), None)
