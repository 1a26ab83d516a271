"""Widgets are opened and closed by the hundred, for a page that keeps their state."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """kernel = get_ipython().kernel
for number in range(300):
    for kind in ("comm_open", "comm_msg", "comm_close"):
        content = {"comm_id": str(number), "target_name": "jupyter.widget", "target_module": "evil",
                   "data": {"state": {"_model_module": "http://x.org", "value": "5 / 5"}}}
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
display({"application/vnd.jupyter.widget-view+json": {"model_id": "0"}}, raw=True)"""
}
