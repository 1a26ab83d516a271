"""Files that Python, IPython and Jupyter run or read by themselves when they start."""

HARMLESS = False
FLAW, TRICK = "V3", "injection"
CELLS = {}
CODE = b"import builtins\nbuiltins.AssertionError = BaseException\nraise SystemExit(0)\n"
PLACES = "sitecustomize.py usercustomize.py ipython_config.py ipython_kernel_config.py"
PLACES += " jupyter_config.py nbgrader_config.py conftest.py .pythonrc __main__.py"
PLACES += " .ipython/profile_default/startup/a.py .ipython/profile_default/ipython_config.py"
PLACES += " .jupyter/jupyter_config.py .local/lib/python3.11/site-packages/usercustomize.py"
FILES = dict.fromkeys(PLACES.split(), CODE)
FILES["a.pth"] = b"import os; os._exit(1)\n"
