"""Pictures, formulas and text among the outputs that are code for a browser."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import SVG, Latex, Markdown, Math, display
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script>"
            "<foreignObject><iframe src='//x.org'/></foreignObject></svg>"))
display(Markdown("[a](javascript:alert(1)) <object data='//x.org'></object> <embed src='//x.org'>"))
display(Latex("$\\\\href{javascript:alert(1)}{x}$ <script>alert(1)</script>"))
display(Math("\\\\require{html}\\\\style{position:fixed}{x}"))"""
}
