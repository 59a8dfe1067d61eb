"""A bucket that loses answers, refuses, or goes away while a part is being done: nothing is lost, nothing is done twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fault_proxy import Fault, FaultProxy
from seaweed import BUCKET

from pipeline.errors import StorageError
from pipeline.receipts import FileEntry, Receipt
from pipeline.remote.ranged_file import TAIL_BYTES
from pipeline.steps import PartRun, PartTask, PlannedPart
from pipeline.storage import open_storage
from pipeline.tables import TableWriter, read_batches, read_rows, read_table

pytestmark = pytest.mark.s3

NUMBERS = pa.schema([pa.field("n", pa.int64()), pa.field("text", pa.large_string())])


def test_of_many_processes_worth_of_clients_one_creates_a_receipt(s3: str) -> None:
    start = Barrier(8)

    def create(number: int) -> bool:
        storage = open_storage(s3)
        start.wait()
        return storage.put_new("a.json", b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(8)))
    assert won.count(True) == 1
    assert open_storage(s3).get("a.json") == b"%d" % won.index(True)


def commit(s3: str, key: str = "k") -> Receipt:
    task = PartTask(
        root=s3,
        step="numbers",
        stage=None,  # type: ignore[arg-type]  nothing is run
        fingerprint="f",
        source="s",
        part=PlannedPart(key=key, name=key, first=0, count=1),
        files=(),
        inputs=(),
    )
    part = PartRun(task, open_storage(s3))
    part.writer("n", NUMBERS).write_columns({"n": [1], "text": ["one"]})
    return part.commit({"rows": 1})


def test_a_commit_whose_answer_is_lost_is_that_attempts_commit_and_its_files_stay(s3: str, proxy: FaultProxy) -> None:
    proxy.faults.append(Fault(r"PUT .*k\.json", lose=True))
    receipt = commit(s3)
    assert proxy.count(r"PUT .*k\.json") == 2
    assert read_table(open_storage(s3), receipt, "n")["n"].to_pylist() == [1]


def test_a_second_attempt_gets_the_first_ones_receipt_and_leaves_no_files(s3: str) -> None:
    first = commit(s3)
    assert commit(s3) == first
    names = open_storage(s3).names("steps/numbers/f/s")
    assert names == sorted(["k.json", first.files["n"].path.rsplit("/", 1)[1]])


def test_a_conflict_between_two_conditional_writes_is_asked_again(s3: str, proxy: FaultProxy) -> None:
    proxy.faults.append(Fault("PUT", status=409, times=2))
    assert open_storage(s3).put_new("a", b"1")
    assert proxy.count("PUT") == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "permission denied: the secret does not fit the access key"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "permission denied: the access key is not known there"),
        ({"AWS_SKIP_SIGNATURE": "true"}, "permission denied: this key may not do it, or there is no key"),
    ],
)
def test_a_key_that_is_refused_says_what_to_mend(
    s3: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], says: str
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    storage = open_storage(s3)
    asks: list[Callable[[], object]] = [
        lambda: storage.names("runs"),
        lambda: storage.put_new("b", b""),
        lambda: storage.get("a"),
        lambda: storage.writer("b").close(),
    ]
    for ask in asks:
        with pytest.raises(StorageError, match=says):
            ask()
    assert len(proxy.asked) == 4, "a refusal is no reason to ask again"


def test_a_key_that_may_only_read_reads_and_is_told_that_it_may_not_write(s3: str, read_only: str) -> None:
    storage = open_storage(read_only)
    assert storage.names("") == []
    asks: list[Callable[[], object]] = [
        lambda: storage.put_new("b", b""),
        lambda: storage.put("b", b""),
        lambda: storage.writer("b").close(),
    ]
    for ask in asks:
        with pytest.raises(StorageError, match=r"b: permission denied: this key may not do it"):
            ask()


def test_a_bucket_that_is_not_there_is_said_to_be_missing(s3: str, read_only: str) -> None:
    storage = open_storage("s3://no-such-bucket/run")
    for ask in (lambda: storage.names("runs"), lambda: storage.get("a")):
        with pytest.raises(StorageError, match="there is no such bucket, create it first or check AWS_ENDPOINT_URL"):
            ask()


def test_a_public_bucket_is_read_without_a_key(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_storage("s3://public").put("a", b"1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert open_storage("s3://public").get("a") == b"1"


def table(s3: str, rows: int) -> Receipt:
    """A committed table of `rows` rows, 20 row groups."""
    storage = open_storage(s3)
    writer = TableWriter(storage.writer("t.parquet"), "t.parquet", NUMBERS, row_group=max(1, rows // 20))
    texts = [f"{n} {hash_text(n)}" for n in range(rows)]
    writer.write_columns({"n": range(rows), "text": texts})
    entry: FileEntry = writer.close()
    return Receipt(step="s", fingerprint="f", source="s", key="k", name="k", attempt="a", files={"t": entry}, counts={})


def hash_text(number: int) -> str:
    import hashlib

    return "".join(hashlib.sha256(b"%d %d" % (number, part)).hexdigest() for part in range(8))


def test_a_small_table_is_one_request_and_a_large_one_few(s3: str, proxy: FaultProxy) -> None:
    storage = open_storage(s3)
    small = table(s3, 100)
    proxy.forget()
    assert read_table(storage, small, "t").num_rows == 100
    assert proxy.asked == [f"GET /{BUCKET}/{s3.rsplit('/', 1)[1]}/t.parquet"]
    large = table(s3, 20_000)
    assert large.files["t"].bytes > 4 * TAIL_BYTES
    proxy.forget()
    assert read_table(storage, large, "t").num_rows == 20_000
    assert len(proxy.asked) <= 4
    proxy.forget()
    assert sum(batch.num_rows for batch in read_batches(storage, large, "t")) == 20_000
    assert len(proxy.asked) <= 1 + 20
    proxy.forget()
    assert read_rows(storage, large, "t", 7)[0]["n"] == 7
    assert len(proxy.asked) <= 2


def test_a_table_of_many_megabytes_is_sent_in_pieces_and_read_back_the_same(
    s3: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.remote import object_storage
    from pipeline.storage import digest_of

    monkeypatch.setattr(object_storage, "SINGLE_PUT_BYTES", 6 << 20)
    monkeypatch.setattr(object_storage, "PIECE_BYTES", 5 << 20)
    monkeypatch.setattr(object_storage, "MEMORY_BYTES", 1 << 20)
    storage = open_storage(s3)
    proxy.faults.append(Fault("PUT .*partNumber=2", status=503))
    writer = storage.writer("large")
    for number in range(12):
        writer.write(bytes([number]) * (1 << 20))
    writer.close()
    assert proxy.count("PUT .*partNumber") > 3
    assert digest_of(storage, "large") == writer.sha256


def test_a_file_too_large_to_copy_within_the_store_goes_through_this_machine(s3: str, proxy: FaultProxy) -> None:
    storage = open_storage(s3)
    storage.put("a", b"1" * 100_000)
    # What S3 answers for more than 5 GB; SeaweedFS would copy any size.
    proxy.faults.append(Fault("PUT .*/b", status=400, body=b"<Error><Code>InvalidRequest</Code></Error>"))
    storage.copy("a", "b")
    assert storage.get("b") == b"1" * 100_000


def test_what_a_part_abandons_is_never_sent(s3: str, proxy: FaultProxy) -> None:
    storage = open_storage(s3)
    writer = TableWriter(storage.writer("t.parquet"), "t.parquet", NUMBERS)
    writer.write_columns({"n": [1], "text": ["x"]})
    writer.abandon()
    assert proxy.asked == []


def test_a_file_that_is_replaced_while_it_is_read_is_no_mix(s3: str) -> None:
    storage = open_storage(s3)
    storage.put("a", bytes(4 * TAIL_BYTES))
    with storage.open("a") as file:
        storage.put("a", b"1" * (4 * TAIL_BYTES))
        with pytest.raises(StorageError, match="412"):
            file.read(10)
        file.seek(file.size() - 10)
        assert file.read() == bytes(10)


def test_parquet_reads_through_faults(s3: str, proxy: FaultProxy) -> None:
    receipt = table(s3, 5_000)
    proxy.faults += [Fault("GET", after=1000), Fault("GET", status=503), Fault("GET", reset=True)]
    with open_storage(s3).open(receipt.files["t"].path) as file:
        assert pq.read_table(file)["n"].to_pylist() == list(range(5_000))
    assert [fault.met for fault in proxy.faults] == [1, 1, 1]
