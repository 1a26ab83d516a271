"""Lists within lists, a hundred thousand deep, to break the reader of the file."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {}
SAYS = "not a notebook"


def data(notebook):
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
