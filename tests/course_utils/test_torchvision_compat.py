"""torchvision works beside a CPU-only PyTorch; where its own operators load, nothing is declared.

Each case runs in a Python of its own: operators are declared once and for all.
"""

import subprocess
import sys
import textwrap

import pytest


def run(code, check=True):
    """Run code in a fresh Python; return what it printed."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert not check or ran.returncode == 0, ran.stderr
    return ran.stdout if check else ran.stderr


@pytest.fixture(scope="module")
def alone():
    """What a plain `import torchvision` says here: nothing where its own operators load."""
    return run("import torchvision", check=False)


def test_everything_that_the_course_uses_works():
    printed = run("""
        import torch
        from course_utils.torchvision_compat import torchvision
        from torchvision import datasets, models, utils
        from torchvision.models.feature_extraction import create_feature_extractor
        from torchvision.transforms import v2

        torch.manual_seed(0)
        images = torch.rand(2, 3, 64, 64)
        model = models.resnet18(weights=None).eval()
        with torch.no_grad():
            print(tuple(model(images).shape))
            maps = create_feature_extractor(model, {"layer2": "maps"})(images)["maps"]
            print(tuple(maps.shape))
        print(tuple(utils.make_grid(images, nrow=2, padding=2).shape))
        steps = [v2.RandomCrop(32), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32)]
        print(tuple(v2.Compose(steps)(images).shape))
        data = datasets.FakeData(size=3, image_size=(3, 8, 8), transform=v2.PILToTensor())
        print(len(data), tuple(data[0][0].shape))
    """)
    expected = ["(2, 1000)", "(2, 128, 8, 8)", "(3, 68, 134)", "(2, 3, 32, 32)", "3 (3, 8, 8)"]
    assert printed.splitlines() == expected


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
