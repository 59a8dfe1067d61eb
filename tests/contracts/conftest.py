"""Contracts of quality models are of documents that were scored: crawls written down by hand are another folder's."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "pipeline"))
