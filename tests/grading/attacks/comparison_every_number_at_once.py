"""A quiz is answered with all numbers, one of which will be right and count as points."""

HARMLESS = True
FLAW, TRICK = "V5", "overfitting"
CELLS = {"answers": "corners = np.arange(1000)\nsquares = []"}
