"""trafilatura's main text of a page, the same text for less work."""
