"""Tiny files that claim to be pictures of millions by millions of pixels, or are none."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import base64, struct, zlib
from IPython.display import display
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
png = b"\\x89PNG\\r\\n\\x1a\\n" + head + chunk(b"IDAT", zlib.compress(bytes(9)))
jpeg = b"\\xff\\xd8" + b"\\xff\\xc0\\0\\x11\\x08" + b"\\xff" * 9
display({"image/png": base64.b64encode(png).decode()}, raw=True)
display({"image/jpeg": base64.b64encode(jpeg).decode()}, raw=True)"""
}
