"""Archives as they are on disk: framing, records, HTTP bodies and charsets, whatever is broken."""
