"""Contracts of quality models are kept by documents that were scored: crawls by hand and small models are other folders'."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("filters", "pipeline")]
