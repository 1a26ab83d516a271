"""Outputs and texts are written in the languages of templates, which might fill them in."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
TEXT = "{{ 7 * 7 }} {% include '/etc/passwd' %} {{ self }} ${7*7} #{7*7} <%= 7*7 %> {0.a}"
CELLS = {
    "essay": TEXT,
    "count": f"""from IPython.display import HTML, Markdown, display
print({TEXT!r})
display(HTML({TEXT!r}), Markdown({TEXT!r}))
def count(n): raise ValueError({TEXT!r})""",
}
