"""Deduplications of others, each a script that is run by a Python that has it and imports nothing of ours.

`PYTHON of_X.py SETTINGS.json` reads `documents` (a folder of Parquet with `id` and `text`), `output`, `workers`, `bands`,
`rows`, `ngram`, writes what stays to Parquet below `output`, and `answer.json` there: `kept`, which files those are, and
`versions`.
"""
