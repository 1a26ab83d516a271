"""The marks of solutions and hidden tests stand in the student's cells, begun and not ended."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "### BEGIN HIDDEN TESTS\ndef scale(x, factor):\n    return x\n### END HIDDEN TESTS",
    "count": "### END HIDDEN TESTS\n### BEGIN SOLUTION\ndef count(n):\n    return n",
    "answers": "### BEGIN HIDDEN TESTS\ncorners = squares = 1\n### AUTOTEST corners",
    "essay": "=== BEGIN MARK SCHEME ===\n2 of 2 points\n### END MARK SCHEME",
}
