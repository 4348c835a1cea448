"""Fuzzing: what reads hostile bytes, and what must hold whatever the bytes are.

`make fuzz` mutates the corpus for as long as it is told to; the ordinary suite runs the corpus
itself. A finding becomes a file of the corpus, with a name that says what it is.
"""
