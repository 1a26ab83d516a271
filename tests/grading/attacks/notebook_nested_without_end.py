"""Lists within lists, a hundred thousand deep, to break the reader of the file."""

HARMLESS = True
CELLS = {}
SAYS = "not a notebook"


def data(notebook):
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
