"""Forged outputs carry halves of surrogate pairs, which no file can hold."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """import json
kernel = get_ipython().kernel
kernel.session.pack = lambda thing: json.dumps(thing, default=str).encode()
for kind, content in [
    ("stream", {"name": "stdout", "text": "\\ud800"}),
    ("display_data", {"data": {"text/html": "\\udfff", "text/plain": "\\0\\x1b["}, "metadata": {}}),
    ("error", {"ename": "\\ud800", "evalue": "\\ud800", "traceback": ["\\ud800"]}),
]:
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())"""
}
