"""Metadata of a package that was never installed announces plugins for whoever loads them."""

HARMLESS = False
FLAW, TRICK = "V3", "injection"
CELLS = {}
GROUPS = (
    "pytest11",
    "nbgrader",
    "nbconvert.exporters",
    "jupyter_client.kernel_provisioners",
    "dask.config",
    "distributed.preload",
    "numpy.array_api",
    "torch.backends",
    "console_scripts",
)
POINTS = "".join(
    f"[{group}]\nlocal-provisioner = plugin:run\nhtml = plugin:run\n" for group in GROUPS
)
FILES = {
    "plugin.py": b"import os\nos._exit(0)\n",
    "plugin-1.0.dist-info/entry_points.txt": POINTS.encode(),
    "plugin-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n",
    "plugin.egg-info/PKG-INFO": b"Name: numpy\nVersion: 99\n",
}
