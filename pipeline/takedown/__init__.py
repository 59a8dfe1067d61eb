"""Pages that are removed for good: what is listed, where it stands, what is left of it, and what is rebuilt without it."""
