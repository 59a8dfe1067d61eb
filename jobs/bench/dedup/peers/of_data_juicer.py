"""data-juicer's command `dj-process` with one operator, on as many processes as there are workers."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Runs the command over a configuration of that one operator, whose words are those between spaces."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(told["output"])
    operator = {
        "tokenization": "space",
        "window_size": told["ngram"],
        "lowercase": True,
        "num_permutations": told["bands"] * told["rows"],
        "num_bands": told["bands"],
        "num_rows_per_band": told["rows"],
    }
    configuration = {
        "project_name": "bench",
        "dataset_path": told["documents"],
        "export_path": str(out / "kept" / "kept.parquet"),
        "np": told["workers"],
        "text_keys": "text",
        "ds_cache_dir": str(out / "cache"),
        "process": [{"document_minhash_deduplicator": operator}],
    }
    (out / "configuration.yaml").write_text(json.dumps(configuration), encoding="utf-8")  # YAML reads JSON
    command = [str(Path(sys.executable).with_name("dj-process")), "--config", str(out / "configuration.yaml")]
    environment = os.environ | {"HF_HOME": str(out / "home"), "HF_HUB_OFFLINE": "1", "UV_OFFLINE": "1"}
    subprocess.run(command, check=True, env=environment)
    answer = {"kept": str(out / "kept" / "kept.parquet"), "versions": {"data-juicer": version("py-data-juicer")}}
    (out / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
