"""Every Jupyter program of everybody on the department's server."""

c = get_config()  # noqa: F821 (Jupyter's loader provides it)

# All users share the machine's loopback, where kernels listen. Without encryption, whoever connects
# to a kernel's port reads what its owner runs, and what comes out.
c.KernelManager.transport_encryption = "required"
c.MappingKernelManager.transport_encryption = "required"
