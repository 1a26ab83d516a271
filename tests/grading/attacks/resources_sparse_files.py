"""Files that claim to be as large as a file can be, mapped into memory and written at the end."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import mmap, os
for folder in ("/tmp", "/dev/shm", "."):
    for size in (1 << 62, 1 << 40, 1 << 26):
        try:
            with open(f"{folder}/{size}", "w+b") as file:
                os.ftruncate(file.fileno(), size)
                os.pwrite(file.fileno(), b"x", size - 1)
                os.posix_fallocate(file.fileno(), 0, size)
                print(len(mmap.mmap(file.fileno(), 0)))
        except (OSError, ValueError, OverflowError) as error:
            print(error)"""
}
