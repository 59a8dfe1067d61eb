"""Hypothesis gives up on slow examples after 200 ms; on a busy machine that says nothing about the code."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
