"""The page is led elsewhere, or painted over with better marks."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import HTML, display
display(HTML("<meta http-equiv=refresh content='0;url=//x.org'><base href='//x.org/'>"))
display(HTML("<link rel=stylesheet href='//x.org'><style>.score {visibility: hidden}</style>"))
display(HTML("<h1 style='position:fixed;top:0;width:100%'>Score: 25 / 25</h1>"))
display({"text/html": "<script>alert(1)</script>"}, raw=True, metadata={"isolated": True})"""
}
