"""Ten files, then a hundred, costs ninety: what is committed is never read again."""

import shutil
from pathlib import Path

from trial import Crawl, receipt_times

from jobs.running import prepare, run
from pipeline.runs import open_run
from pipeline.storage import open_storage


def test_more_files_cost_only_the_new_ones(crawl: Crawl, tmp_path: Path) -> None:
    folder, root = tmp_path / "crawl", tmp_path / "out"
    archives = sorted(crawl.folder.rglob("*.warc.gz"))
    for archive in archives[:2]:
        target = folder / archive.relative_to(crawl.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(archive, target)
    run(prepare("fineweb", [str(folder)], str(root)), local=True)
    first = receipt_times(root, "ingest")
    assert len(first) == 2

    shutil.copytree(crawl.folder, folder, dirs_exist_ok=True)
    run(prepare("fineweb", [str(folder)], str(root)), local=True)
    both = receipt_times(root, "ingest")
    assert len(both) == len(archives)
    assert first.items() <= both.items()


def test_the_source_remembers_where_each_file_came_from(finished: Path, crawl: Crawl) -> None:
    source = open_run(open_storage(str(finished))).source
    assert source.name == "DEMO-2026-47"
    assert [part.name for part in source.parts] == sorted(part.name for part in source.parts)
    assert all(part.name.startswith("crawl-data/DEMO-2026-47/") for part in source.parts)
    assert {part.location for part in source.parts} == {str(file) for file in crawl.folder.rglob("*.warc.gz")}
