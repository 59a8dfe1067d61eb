"""The benchmark `dedup`: documents of which it is known what resembles what, through several deduplications side by side."""
