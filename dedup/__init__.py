"""Deduplication: shingles, signatures, bands, edges, clusters, survivors."""
