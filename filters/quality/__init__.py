"""Quality models: what tells how good a text is, whichever library runs it. `pipeline.quality` has their protocol."""
