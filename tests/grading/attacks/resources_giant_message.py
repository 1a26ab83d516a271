"""One output of a hundred megabytes, and an error with a text as long."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": "text = 'x' * 10**8\ndisplay({'text/html': text}, raw=True)\nraise ValueError(text)",
    "answers": "corners = 'c' * 100_000_000\nsquares = [10**4000] * 5000",
}
