"""The notebook asks for a kernel in which nothing fails."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {}


def spoil(notebook):
    notebook.metadata.kernelspec = {
        "name": "../../bash",
        "display_name": "true",
        "language": "bash",
        "argv": ["/bin/true", "{connection_file}"],
        "env": {"PYTHONOPTIMIZE": "2", "LD_PRELOAD": "/tmp/a.so"},
    }
    notebook.metadata.language_info = {"name": "bash", "file_extension": ".sh"}
    notebook.metadata.nbgrader = {"points": 1e9}
    notebook.metadata.convnet = {"forbidden": ["numpy", "course_utils"]}
