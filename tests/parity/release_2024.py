"""What datatrove 0.2.0 says of texts: `python release_2024.py FOLDER`, texts and answers as JSON lines.

FOLDER holds that version (`pip download --no-deps datatrove==0.2.0`, unpacked). Run apart, because its package has the name of
today's.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import nltk
import numpy as np
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils.text import simplify_text

np.seterr(all="ignore")
nltk.data.path[:] = [
    str(Path(place) / "core" / "_static" / "nltk_cache")
    for place in find_spec("llama_index").submodule_search_locations
]

FILTERS = {
    "repetition": GopherRepetitionFilter(),
    "quality": GopherQualityFilter(),
    "lines": FineWebQualityFilter(None),
    "c4": C4QualityFilter(filter_no_terminal_punct=False),
}
SIGNATURES = MinhashDedupSignature("/tmp", MinhashConfig(use_64bit_hashes=True))


def reason(name: str, document: Document) -> str | None:
    try:
        verdict = FILTERS[name].filter(document)
    except ZeroDivisionError:
        return "crash"
    return None if verdict is True else verdict[1]


def answer(text: str) -> dict:
    said = {name: reason(name, Document(text=text, id="")) for name in ("repetition", "quality", "lines")}
    left = Document(text=text, id="")
    said["c4"] = reason("c4", left)
    said["c4_text"] = left.text
    said["normal"] = simplify_text(text)
    shingles = SIGNATURES.get_shingles(text)
    said["signature"] = SIGNATURES.get_signature(shingles) if shingles.size else None
    said["emails"] = PIIFormatter(remove_ips=False, email_replacement="<>").format(text)
    return said


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
