"""Replies carry payloads that replace cells, edit files and end the notebook."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "scale": """shell = get_ipython()
for text in ("5050", "assert True"):
    shell.set_next_input(text, replace=True)
for source in ("ask_exit", "edit_magic", "page", "set_next_input"):
    shell.payload_manager.write_payload(
        {"source": source, "text": "10", "replace": True, "keepkernel": False,
         "filename": "/etc/passwd", "line_number": 1, "start": 0,
         "data": {"text/html": "<script>alert(1)</script>"}}, single=False)"""
}
