"""Codes for a terminal and closing tags in printed text, errors and names of errors."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": """print("\\x1b]0;title\\x07\\x1b[2J\\x1b[8mhidden\\x1b[0m")
print("</pre></script><script>alert(1)</script>")
print("\\x1b]8;;javascript:alert(1)\\x07link\\x1b]8;;\\x07 \\u202e\\u2066 \\r passed \\b\\b")
Error = type("</pre><script>alert(1)</script>", (Exception,), {})
def count(n): raise Error("\\x1b[2J</pre><script>alert(1)")""",
    "answers": "raise ValueError('</textarea></title><script>alert(1)</script>')",
}
