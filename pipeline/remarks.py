"""What is odd about records that are read all the same: an id that was there before, a block that is not what was archived.

Nothing here stops a page. A file's remarks are rows of a small table, which is only there where there are any, and their numbers
stand in the receipt beside those of matching digests.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from pipeline.archives.record import Record
from pipeline.sizes import bytes_text

if TYPE_CHECKING:
    from pipeline.runs import OpenRun

ELSEWHERE = "repeated_id_elsewhere"
REPEATED, WRONG_BLOCK, WRONG_PAYLOAD, CUT = "repeated_id", "wrong_block_sha1", "wrong_payload_sha1", "cut_by_crawler"
MEANINGS = {
    REPEATED: "records with the id of an earlier one of the file",
    ELSEWHERE: "records with the id of one in an earlier file",
    WRONG_BLOCK: "pages whose block is not the one that was archived, by its SHA-1",
    WRONG_PAYLOAD: "pages whose payload is not the one that was fetched, by its SHA-1",
    CUT: "pages that the crawler cut",
}
CORRUPT_BYTES = "corrupt_bytes"
WHO_NOTICES = ("ingest", "index")  # the steps whose receipts have remarks: of one file, and across those of a run


def noticed(counts: Mapping[str, int]) -> dict[str, int]:
    """What was odd, by remark, from the counts of a step or a part; `corrupt_bytes` are in regions that nobody can read."""
    found = {key.removeprefix("remark."): count for key, count in counts.items() if key.startswith("remark.")}
    return found | ({CORRUPT_BYTES: counts[CORRUPT_BYTES]} if counts.get(CORRUPT_BYTES) else {})


def noticed_in(run: "OpenRun") -> dict[str, int]:
    """What was odd in a run, as far as it has got."""
    return {name: count for step in WHO_NOTICES for name, count in noticed(run.totals(step)).items()}


def noticed_lines(odd: Mapping[str, int]) -> list[str]:
    """What was odd about records that were read all the same, a line each."""
    lost = odd.get(CORRUPT_BYTES, 0)
    lines = [f"{bytes_text(lost)} in regions that nobody can read"] if lost else []
    return lines + [f"{odd[name]:,} {means}" for name, means in MEANINGS.items() if name in odd]


class Remarks:
    """Gathers what is odd while a file's records pass: 12 bytes a record, for the ids."""

    def __init__(self) -> None:
        self._keys = array("Q")
        self._key_rows = array("I")
        self._wrong: list[int] = []
        self._counts: Counter[str] = Counter()

    def see(self, first: int, records: Sequence[Record]) -> None:
        """Looks at the records whose rows begin at `first`."""
        for row, record in enumerate(records, first):
            if record.kind != "page":
                continue
            self._keys.append(xxhash.xxh3_64_intdigest(record.record_id.encode("utf-8", "surrogatepass")))
            self._key_rows.append(row)
            for what, is_ok in (("block", record.block_sha1_ok), ("payload", record.payload_sha1_ok)):
                if is_ok is not None:
                    self._counts[f"sha1.{what}_ok" if is_ok else f"remark.wrong_{what}_sha1"] += 1
            self._counts[f"remark.{CUT}"] += bool(record.truncated)
            if record.block_sha1_ok is False:
                self._wrong.append(row)

    def columns(self, without: Collection[int] = ()) -> dict[str, Sequence[Any]]:
        """The rows of the table, by record: of each odd one which remark and, where that says more, what it is about.

        Records `without` which it is made are counted and not told of.
        """
        rows = [(row, REPEATED, f"the id of row {earlier}") for row, earlier in self._repeated()]
        rows += [(row, WRONG_BLOCK, None) for row in self._wrong]
        rows = sorted((each for each in rows if each[0] not in without), key=lambda each: each[:2])
        record_rows, remarks, details = zip(*rows, strict=True) if rows else ((), (), ())
        return {"record_row": record_rows, "remark": remarks, "detail": details}

    def counts(self) -> dict[str, int]:
        """Numbers for the receipt, without those that are zero."""
        self._counts[f"remark.{REPEATED}"] = len(self._repeated())
        return {key: count for key, count in sorted(self._counts.items()) if count}

    def _repeated(self) -> list[tuple[int, int]]:
        """Rows whose id an earlier row has, and the first that has it, by 64-bit hash: a false one is 1 in 10^10 files."""
        keys, rows = np.frombuffer(self._keys, np.uint64), np.frombuffer(self._key_rows, np.uint32)
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        again = np.flatnonzero(first[group] != np.arange(len(keys)))
        return list(zip(rows[again].tolist(), rows[first[group[again]]].tolist(), strict=True))
