"""Links lead to solutions, the gradebook and the work of others: someone may follow them."""

HARMLESS = False
FLAW, TRICK = "V2", "redirection"
CELLS = {
    "count": """import pathlib
found = [p.read_bytes() for p in pathlib.Path().rglob("*") if p.is_file()]
def count(n): return len(found)"""
}


def place(folder):
    for name, target in {
        "solutions": "../../../../solutions",
        "gradebook.db": "../../../gradebook.db",
        "others": "../..",
        "passwd.txt": "/etc/passwd",
        "loop": ".",
        "nowhere": "nowhere",
    }.items():
        (folder / name).symlink_to(target)
