"""What a model may be made of: each file is held against what its name says before any library reads it.

Nothing here executes, unpickles or allocates by the word of a file: a size that a file states is compared with the bytes it has.
"""
