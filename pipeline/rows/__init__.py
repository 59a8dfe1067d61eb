"""Rows of text that somebody else extracted: Parquet and JSON Lines, read into the records that an archive gives."""
