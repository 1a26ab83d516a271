"""Logs, raw memory and traces of the machine itself are opened."""

HARMLESS = False
FLAW, TRICK = "V8", "redirection"
CELLS = {
    "count": """import os, pathlib
names = ["/proc/kcore", "/dev/mem", "/dev/kmsg", "/proc/kallsyms", "/proc/sched_debug", "/dev/sda",
         "/proc/1/environ", "/sys/kernel/debug", "/sys/firmware", "/proc/timer_list",
         "/etc/shadow", "/etc/passwd", "/etc/hosts", "/root/.bash_history", "/run/secrets"]
got = []
for name in names:
    try:
        path = pathlib.Path(name)
        got.append(os.listdir(path) if path.is_dir() else open(path, "rb").read(1000))
    except OSError as error:
        print(name, error.strerror)
def count(n): return sum(b"count" in text for text in got if isinstance(text, bytes))"""
}
