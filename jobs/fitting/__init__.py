"""Fits a language's thresholds to reference text: what `gristmill fit-language` does."""
