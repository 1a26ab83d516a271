"""Queues, semaphores and locked pages, which belong to the machine and not to a process."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
made = 0
for number in range(2000):
    made += libc.msgget(number, 0o1666) >= 0
    made += libc.semget(number, 250, 0o1666) >= 0
    made += libc.shmget(number, 1 << 24, 0o1666) >= 0
print(made, libc.mlockall(7))
for flags in (0x40000, 0x2000, 0x8000):
    try:
        mmap.mmap(-1, 1 << 28, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | flags)
    except (OSError, ValueError) as error:
        print(error)"""
}
