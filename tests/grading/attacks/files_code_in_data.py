"""Files of data that run code when they are read: pickles of all kinds, YAML, stylesheets."""

HARMLESS = False
FLAW, TRICK = "V3", "injection"
CELLS = {"answers": "corners = open('data.pkl', 'rb').read()\nsquares = 1"}
PICKLE = b"cbuiltins\nexec\n(S'import os; os._exit(0)'\ntR."
FILES = dict.fromkeys(
    ("data.pkl", "model.pt", "weights.pth", "cache.joblib", "table.npy", "shelf.db", "a.pickle"),
    PICKLE,
)
FILES["settings.yaml"] = b"!!python/object/apply:os._exit [0]\n"
FILES["entities.xml"] = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"
