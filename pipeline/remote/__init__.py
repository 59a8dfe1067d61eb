"""Buckets, web servers and the Hub: listing, streaming, and the one place that asks again."""
