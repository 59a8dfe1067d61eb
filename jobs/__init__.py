"""The verbs a person types, each thin, and the recipes they run."""
