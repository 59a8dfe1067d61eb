"""The machine: parts, receipts, steps, and everything that reads or writes a file."""
