"""Which steps' parts a takedown mends row by row; all others are done again, under another fingerprint."""

_MENDED = ("ingest", "measure-", "annotate-", "score-")
_MADE_AGAIN = "measure-repeated-"  # signals that tell what of a document stands in others change where no page went


def is_mended(step: str) -> bool:
    """Whether the parts of a step of this name are mended."""
    return step.startswith(_MENDED) and not step.startswith(_MADE_AGAIN)
