"""Training of quality classifiers: labelled text in, a model and what it reaches on text that it has not seen out."""
