"""The kernel says that the cell has ended well and goes on behind the examiner's back."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """import time
kernel = get_ipython().kernel
parent = kernel.get_parent()
ident = kernel._parent_ident["shell"]
content = {"status": "ok", "execution_count": 99, "payload": [], "user_expressions": {}}
for _ in range(3):
    kernel.session.send(kernel.shell_stream, "execute_reply", content, parent, ident)
    kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent)
    kernel.session.send(kernel.iopub_socket, "clear_output", {"wait": False}, parent)
time.sleep(2)
def scale(x, factor): return x"""
}
