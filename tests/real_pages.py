"""The text of a real page, extracted as the recipe does; in a module of its own so that other processes can import it."""

import gzip
from pathlib import Path


def extract_page(crawl: Path, page: dict) -> dict:
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding
    from trafilatura import extract
    from trafilatura.deduplication import LRUCache

    with (crawl / page["warc"]).open("rb") as file:
        file.seek(page["offset"])
        record = gzip.decompress(file.read(page["length"]))
    body = record.split(b"\r\n\r\n", 2)[2].removesuffix(b"\r\n\r\n")
    html = bytes_to_str(body, page.get("charset") or detect_encoding(body))
    text = extract(html, favor_precision=True, include_comments=False, deduplicate=LRUCache(maxsize=4096))
    return {"id": page["record_id"], "url": page["url"], "language": page["lid176"], "text": text or ""}
