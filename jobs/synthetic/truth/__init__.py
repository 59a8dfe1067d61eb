"""Texts and signatures of which it is known how similar they are: what a deduplication is held to."""
