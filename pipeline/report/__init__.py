"""The report: a run on one self-contained page of HTML that needs no script and asks nobody for anything."""
