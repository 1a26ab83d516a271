"""Timers, watches and pollers are made by the thousand, each a small thing of the kernel's."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import ctypes, os, select
libc = ctypes.CDLL(None, use_errno=True)
kept = []
try:
    for number in range(20_000):
        kept += [os.eventfd(0), select.epoll(), libc.inotify_init(), libc.timerfd_create(1, 0)]
        libc.inotify_add_watch(kept[-2], b"/", 0xFFF)
        if kept[-1] < 0:
            break
except OSError as error:
    print(error)
print(len(kept))"""
}
