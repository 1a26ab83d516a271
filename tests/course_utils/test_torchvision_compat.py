"""torchvision works beside a CPU-only PyTorch; where its own operators load, nothing is declared.

Each case runs in a Python of its own: operators are declared once and for all.
"""

import re
import textwrap

import nbformat
import pytest
from started import warm

from course_utils.repository import ROOT

NAMES = re.compile(r"(?<![\w.])(?:_torchvision\(\)|torchvision)((?:\.[A-Za-z_]\w*)+)")


def run(code, check=True):
    """Run code in a fresh Python; return what it printed."""
    ran = warm("torch").run("-c", textwrap.dedent(code))
    assert not check or ran.returncode == 0, ran.stderr
    return ran.stdout if check else ran.stderr


@pytest.fixture(scope="module")
def alone():
    """What a plain `import torchvision` says here: nothing where its own operators load."""
    return run("import torchvision", check=False)


def asked_for():
    """What modules and notebooks of the course ask torchvision for, by dotted names."""
    sources = [path.read_text() for path in (ROOT / "course_utils").rglob("*.py")]
    for folder in ("lectures", "solutions"):
        for path in (ROOT / folder).rglob("*.ipynb"):
            cells = nbformat.read(path, as_version=4).cells
            sources += [cell.source for cell in cells if cell.cell_type == "code"]
    return sorted({found[1:] for source in sources for found in NAMES.findall(source)})


def test_everything_that_the_course_uses_works():
    names = asked_for()
    assert {"models", "models.resnet18", "models.resnet.BasicBlock", "datasets"} <= {*names}
    printed = run(f"""
        import operator, torch
        from course_utils.torchvision_compat import torchvision
        for name in {names}:
            operator.attrgetter(name)(torchvision)
        with torch.no_grad():
            print(tuple(torchvision.models.resnet18().eval()(torch.rand(2, 3, 64, 64)).shape))
    """)
    assert printed == "(2, 1000)\n"


def test_declares_exactly_what_is_missing(alone):
    printed = run("""
        import torch
        from course_utils import torchvision_compat as compat
        print(sorted(compat._LIBRARIES[0]._op_defs) if compat._LIBRARIES else "nothing")
        print(compat.declare_missing_operators())
    """)
    declared = "['torchvision::nms', 'torchvision::qnms']" if "nms" in alone else "nothing"
    assert printed.splitlines() == [declared, "[]"]


def test_importing_again_is_harmless():
    printed = run("""
        import importlib
        from course_utils import torchvision_compat
        import torchvision
        importlib.reload(torchvision_compat)
        print(torchvision_compat.torchvision is torchvision)
    """)
    assert printed == "True\n"


def test_nothing_is_declared_where_the_own_operators_load():
    printed = run("""
        import torch
        load, asked = torch.ops.load_library, []
        real = torch.library.Library("torchvision", "DEF")

        def loads(path):  # as where torchvision and PyTorch were built for each other
            asked.append(path.name if hasattr(path, "name") else path)
            if len(asked) == 1:
                boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                real.define("nms" + boxes)
                real.define("qnms" + boxes)
            else:
                raise OSError("torchvision asks once more; here there is nothing to load")

        torch.ops.load_library = loads
        from course_utils import torchvision_compat as compat
        print(compat._LIBRARIES, compat.declare_missing_operators(), asked[0].startswith("_C"))
    """)
    assert printed == "[] [] True\n"


def test_only_what_is_missing_is_declared(alone):
    if "nms" not in alone:
        pytest.skip("here torchvision's own operators load")
    printed = run("""
        import torch
        other = torch.library.Library("torchvision", "FRAGMENT")
        other.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from course_utils import torchvision_compat as compat
        print(sorted(compat._LIBRARIES[0]._op_defs))
    """)
    assert printed == "['torchvision::qnms']\n"


def test_missing_torchvision_is_told():
    said = run(
        """
        import importlib.util
        import torch
        importlib.util.find_spec = lambda name: None
        import course_utils.torchvision_compat
        """,
        check=False,
    )
    assert said.strip().endswith(
        "torchvision is not installed; `course doctor` says how to mend it"
    )
