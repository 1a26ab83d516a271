"""Results of cells are forged that never ran, with counts and errors of their own."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """kernel = get_ipython().kernel
for parent in (kernel.get_parent(), {}, {"header": {"msg_id": None}}, {"header": []}):
    for kind, content in (
        ("execute_result", {"data": {"text/plain": "5"}, "execution_count": -1, "metadata": []}),
        ("execute_input", {"code": "5050", "execution_count": 2**70}),
        ("error", {"ename": 7, "evalue": None, "traceback": "none"}),
        ("status", {"execution_state": "restarting"}),
        ("shutdown_reply", {"status": "ok", "restart": False}),
    ):
        try:
            kernel.session.send(kernel.iopub_socket, kind, content, parent=parent)
        except Exception as error:
            print(type(error).__name__)"""
}
