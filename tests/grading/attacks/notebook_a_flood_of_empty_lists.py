"""A file within the limit that unfolds to gigabytes of empty lists."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}


def data(notebook):
    return b'{"cells": [], "flood": [' + b"[]," * 33_000_000 + b"[]]}"
