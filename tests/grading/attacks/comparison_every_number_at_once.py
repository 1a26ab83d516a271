"""A quiz is answered with all numbers, one of which will be right and count as points."""

HARMLESS = True
CELLS = {
    "answers": """corners = np.arange(1000)
squares = np.array([[a, b, c] for a in range(4) for b in range(8) for c in range(10)])"""
}
