"""What should be the data of a picture closes the tag and opens a script."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """from IPython.display import display
for data in ('"><script>alert(1)</script>', "iVBORw0KGgo=' onload='alert(1)", ["a", "b"], 7, None):
    display({"image/png": data, "text/plain": "picture"}, raw=True)
display({"image/svg+xml": "<svg onload=alert(1)>", "image/gif": "R0lGOD"}, raw=True)
about = {"image/png": {"alt": '"><script>alert(1)</script>', "width": "1 onload=alert(1)"}}
display({"image/png": "iVBORw0KGgo="}, raw=True, metadata=about)"""
}
