"""The essay and an added text cell carry scripts, frames and links that act."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "essay": """<script>alert(1)</script> [a](javascript:alert(1)) ![b](x "onerror=alert(1)")
<iframe srcdoc="<script>alert(1)</script>"></iframe> <img src=x onerror=alert(1)>

<div style="position:fixed;inset:0">25 / 25</div> <style>body {display: none}</style>

$$\\href{javascript:alert(1)}{x}$$ <!--><script>alert(1)</script>-->"""
}


def spoil(notebook):
    from nbformat.v4 import new_markdown_cell

    cell = new_markdown_cell("![a](attachment:a.svg) " + CELLS["essay"])
    cell.attachments = {"a.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}
    notebook.cells.insert(1, cell)
