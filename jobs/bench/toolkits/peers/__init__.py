"""What runs in each toolkit's own process: `loop.py`, and a module for each toolkit that says what to call there."""
