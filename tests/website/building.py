"""Building the website, the way `make site` does."""

import os
import subprocess
import sys
from pathlib import Path

from course_utils.repository import ROOT


def build(root: Path, out: Path, repository_url: str = "") -> subprocess.CompletedProcess:
    """The site of a course that stands in `root`, with this course's configuration."""
    flags = ["--fail-on-warning", "--keep-going", "--quiet", "-c", str(ROOT / "docs")]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, str(root), str(out)],
        env=os.environ | {"REPOSITORY_URL": repository_url},
        capture_output=True,
        text=True,
    )
