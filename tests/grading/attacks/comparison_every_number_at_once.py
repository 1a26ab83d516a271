"""A quiz is answered with all numbers, one of which will be right and count as points."""

HARMLESS = True
CELLS = {"answers": "corners = np.arange(1000)\nsquares = []"}
