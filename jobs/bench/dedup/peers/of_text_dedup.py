"""text-dedup's command `minhash`, on as many processes as there are workers."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import load_from_disk


def main() -> None:
    """Runs the command; what it leaves is written as Parquet."""
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(told["output"])
    command = [sys.executable, "-m", "text_dedup.minhash", "--path", "parquet", "--split", "train"]
    command += ["--data_files", f"{told['documents']}/*.parquet", "--column", "text", "--output", str(out / "left")]
    command += ["--num_perm", str(told["bands"] * told["rows"]), "--b", str(told["bands"]), "--r", str(told["rows"])]
    command += ["--ngram", str(told["ngram"]), "--num_proc", str(told["workers"]), "--cache_dir", str(out / "cache")]
    command += ["--hash_func", "xxh3", "--batch_size", "10000"]
    environment = os.environ | {"HF_HOME": str(out / "home"), "HF_HUB_OFFLINE": "1"}
    subprocess.run(command, check=True, env=environment)
    (out / "kept").mkdir()
    left: Any = load_from_disk(str(out / "left"))  # a table, as the command saves it
    left.to_parquet(str(out / "kept" / "kept.parquet"))
    answer = {"kept": str(out / "kept" / "*.parquet"), "versions": {"text-dedup": version("text-dedup")}}
    (out / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
