"""Looking at a run: frames of what its receipts list, samples with what did it, and numbers for rules and duplicates."""
