"""Where the repository lies, which assignments it holds, and in what its notebooks are written."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGE = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def known_assignments(root: Path = ROOT) -> list[str]:
    """Names of all assignments: the folders of solutions/ that hold a notebook."""
    return sorted({path.parent.name for path in Path(root, "solutions").glob("*/*.ipynb")})
