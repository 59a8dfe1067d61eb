"""Columns from elsewhere, joined to the documents of a run by their ids or addresses."""
