"""A student's JupyterLab: without the pages that only an instructor needs."""

c = get_config()  # noqa: F821 (Jupyter's loader provides it)

c.ServerApp.jpserver_extensions = {"nbgrader.server_extensions.formgrader": False}
