"""Formulas that define themselves, and load what lies elsewhere."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "essay": r"""$\def\x{\x\x}\x$ $$\require{action}\toggle{a}{b}\endtoggle$$
$\unicode{x3c}script\unicode{x3e}$ $\includegraphics{//x.org}$ $\class{score}{25}$
$\cssId{check-count}{5}$ $\href{vbscript:alert(1)}{x}$ $\data[a]{b}$""",
    "count": """from IPython.display import Latex, Math, display
display(Latex(r"$\\newcommand{\\y}{\\y\\y}\\y$"), Math(r"\\input{/etc/passwd}"))""",
}
