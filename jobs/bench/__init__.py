"""`gristmill bench`: the figures of the README, side by side with the peers in one run."""
