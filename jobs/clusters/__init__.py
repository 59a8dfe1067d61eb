"""Near-duplicates as a person asks of them: all clusters of a run, one of them, or that of a page."""
