"""HTML with scripts and handlers acts with the rights of whoever opens the page."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import HTML, Javascript, display
display(HTML("<script>fetch('/formgrader', {method: 'POST'})</script>"))
display(HTML("<img src=x onerror=alert(1)><b onmouseover='alert(1)'>kept</b>"))
display(HTML("<a href='&#106;avascript:alert(1)'>a</a><a href='data:text/html,<script>'>b</a>"))
display(HTML("<form action='/grade'><input name=score value=5 autofocus onfocus=alert(1)>"))
display(Javascript("alert(1)"))
display({"application/javascript": "alert(1)", "text/html": "<svg/onload=alert(1)>"}, raw=True)"""
}
