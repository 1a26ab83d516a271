"""Tags within tags, thousands deep and never closed, for whoever makes a tree of them."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """from IPython.display import HTML, Markdown, display
display(HTML("<b>" * 6000))
display(HTML("<table><tr><td>" * 1200))
display(HTML("<a" + " x" * 9000 + ">"))
display(Markdown("> " * 4000 + "x"), Markdown("* " * 4000))""",
}
