"""Messages whose kind is a list or a dict break whoever sorts messages by their kind."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """kernel = get_ipython().kernel
for kind in (["stream"], {"stream": 1}, None, 7, "stream"):
    message = kernel.session.msg("stream", {"name": [], "text": {}}, parent=kernel.get_parent())
    message["header"]["msg_type"] = message["msg_type"] = kind
    kernel.session.send(kernel.iopub_socket, message)"""
}
