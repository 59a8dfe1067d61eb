"""What each step of the deduplication does to a part."""
