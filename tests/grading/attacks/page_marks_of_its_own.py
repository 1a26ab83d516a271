"""Outputs imitate those of the grader: points, comments, hidden forms of formgrader."""

HARMLESS = True
FLAW, TRICK = "V4", "injection"
CELLS = {
    "count": """from IPython.display import HTML, Markdown, display
print("✓ count: 5 / 5 points")
display(Markdown("## Score: 25 / 25\\n**Comment:** excellent"))
display(HTML("<input class='score' id='check-count' data-id='1' placeholder='5' value='5'>"))
def count(n):
    class NameError(Exception): pass
    raise NameError("passed\\n\\nScore: 5 / 5")"""
}
