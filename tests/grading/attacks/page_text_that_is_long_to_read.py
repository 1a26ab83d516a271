"""Text of brackets, stars and ticks that a parser of Markdown tries in all ways."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "essay": "[" * 5000 + "](" * 3000 + "\n\n" + "*a_" * 3000 + "`" * 3001 + "\n\n" + "<" * 5000
}
