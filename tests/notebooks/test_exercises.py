"""The folded solutions of the lectures' exercises: each number in them is computed here."""

import re

import numpy as np
import pytest
import torch
from scipy import signal, stats
from skimage import feature, transform
from torch import nn
from torch.nn import functional as F

from course_utils import models, tracing
from course_utils.checks.engine import CheckFailed
from course_utils.checks.shapes import layer_size
from course_utils.course import notebooks
from course_utils.data import load_digits, photo
from course_utils.experiment import interval, measured
from course_utils.repository import ROOT
from course_utils.torchvision_compat import torchvision

SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
FOUR = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])  # neighbours


def exercises(lecture: str) -> list[str]:
    (path,) = ROOT.glob(f"lectures/{lecture}_*.ipynb")
    (cell,) = (cell for cell in notebooks.read(path).cells if cell.id == "exercises")
    return re.split(r"^(?=\*\*\d+\*\* \()", cell.source, flags=re.MULTILINE)[1:]


def solution(lecture: str, number: int) -> str:
    """What the solution of an exercise says, with its tags."""
    text = exercises(lecture)[number - 1]
    (said,) = re.findall(r"<summary>Solution</summary>(.*)</details>", text)
    return said


def told(lecture: str, number: int, *sentences: str) -> None:
    said = re.sub(r"<[^>]*>", "", solution(lecture, number))
    for sentence in sentences:
        assert sentence in said, f"{lecture}, exercise {number}: {sentence!r} is not said"


def signed(array: np.ndarray) -> str:
    return str([int(n) for n in array]).replace("-", "−")


def digits(number: int) -> str:
    return f"{number:,}".replace(",", " ")


@pytest.mark.parametrize("lecture", ["00", "01", "02", "03", "04", "05", "12"])
def test_every_exercise_that_is_not_open_has_a_solution_below_its_hints(lecture):
    for text in exercises(lecture):
        folded = re.findall(r"<summary>(.*?)</summary>", text)
        assert folded[:3] == ["Hint 1", "Hint 2", "Hint 3"]
        assert folded[3:] == ["Solution"] or (folded[3:] == [] and "(open)" in text)


def test_photos_as_arrays():
    told("00", 1, str(photo("camera").shape), str(photo("coffee", grey=True).shape))
    moon = photo("moon")
    row, column = np.unravel_index(moon.argmax(), moon.shape)
    told("00", 2, f"row {row}, column {column}", f"first of {(moon == moon.max()).sum()} pixels")


def test_a_mistake_that_the_check_does_not_know():
    (path,) = ROOT.glob("lectures/00_*.ipynb")
    (made,) = (cell for cell in notebooks.read(path).cells if cell.id == "checks-make")
    names = {"np": np}
    exec(made.source, names)
    (code,) = re.findall("<code>(.*?)</code>", solution("00", 3))
    mirror = eval(f"lambda photo: {code}", names)
    with pytest.raises(CheckFailed) as failed:
        names["check_mirror"](mirror)
    first, second, *_ = str(failed.value).splitlines()
    assert first == "✗ mirror, photos: 6 of 6 values differ, the largest by 7"
    assert second.strip().startswith("Seen with 2×3 photo")  # no sentence between
    told("00", 3, "With six numbers in it")


def test_a_dense_layer_on_a_large_photo():
    weights = nn.Linear(1080 * 1080 * 3, 10, bias=False, device="meta").weight.numel()
    told("01", 1, f"{digits(weights)} weights", f"{4 * weights / 1e6:.0f} MB")


def test_an_eye_in_several_sizes():
    cat = photo("chelsea", grey=True)
    eye = cat[82:148, 134:212]
    sizes = np.arange(6, 15) / 10  # nine of them
    eyes = [transform.rescale(eye, size) for size in sizes]

    def best(image):
        return max(feature.match_template(image, each).max() for each in eyes)

    floor = feature.match_template(photo("astronaut", grey=True), eye).max()
    told("01", 2, "nine sizes", f"from {floor:.2f} to ")
    told("01", 2, f"to {best(photo('astronaut', grey=True)):.2f}: more tries")
    assert min(best(transform.rescale(cat, size)) for size in (0.6, 0.8, 1.2)) >= 0.97


def test_kernels_by_hand():
    image, kernel = np.arange(1, 10).reshape(3, 3), np.array([[1, 0], [0, -1]])
    assert (signal.correlate2d(image, kernel, mode="valid") == -4).all()
    assert (signal.convolve2d(image, kernel, mode="valid") == 4).all()
    told("02", 1, "−4 at every stop", "gives 4 at every stop")

    lines = np.array([[-1, 2, -1]] * 3)
    line, edge = np.zeros((2, 3, 9))
    line[:, 4], edge[:, 5:] = 1, 1
    for picture, words in ((line, "−3, 6, −3"), (edge, "−3, 3")):
        found = signal.correlate2d(picture, lines, mode="valid")[0]
        assert signed(found[found != 0]) == f"[{words}]"
        told("02", 2, f"gives {words}")

    one = np.zeros((3, 3))
    one[1, 1] = 1
    assert (one - FOUR == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]).all()
    twice = one - 2 * FOUR
    assert twice.sum() == 1
    told("02", 3, f"{twice[1, 1]:.0f} in the middle and −{-twice[0, 1]:.0f} on four sides")


def all_read(n: int, k: int, s: int, p: int) -> bool:
    read = np.zeros(n + 2 * p)
    for stop in range(0, n + 2 * p - k + 1, s):
        read[stop : stop + k] = 1
    return bool(read[p : p + n].all())


def test_sizes():
    layer = nn.Conv2d(3, 96, 11, stride=4)
    parameters = sum(p.numel() for p in layer.parameters())
    told("03", 1, f"= {layer_size(227, 11, stride=4)},", f"= {digits(parameters)} parameters")
    told("03", 1, f"leaves {layer_size(224, 11, stride=4)}")
    assert layer_size(224, 11, stride=4, padding=2) == 55

    x, seen = torch.zeros(1, 1, 31, requires_grad=True), []
    out = x
    for dilation in (1, 2, 4):
        out = F.conv1d(out, torch.ones(1, 1, 3), padding=dilation, dilation=dilation)
        assert out.shape == x.shape
        (slope,) = torch.autograd.grad(out[0, 0, 15], x, retain_graph=True)
        seen.append(int((slope != 0).sum()))
    told("03", 2, "Paddings 1, 2 and 4", "{}, then {}, then {} pixels".format(*seen))

    def size_of(k, s, p):
        return layer_size(224, k, stride=s, padding=p)

    settings = [(k, s, p) for k in range(1, 8) for s in (1, 2, 3) for p in range(4)]
    halve = [each for each in settings if size_of(*each) == 112]
    left = [each for each in halve if all_read(224, *each)]
    told("03", 3, "Six are left", ", ".join(map(str, left)))
    assert len(left) == 6
    assert set(halve) - set(left) == {(1, 2, 0)}


def test_a_path_traced():
    parts = [nn.Conv2d(3, 16, 5, padding=2), nn.MaxPool2d(3, 2), nn.Conv2d(16, 32, 3)]
    parts += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(14 * 14 * 32, 5)]
    volume, sizes = torch.zeros(1, 3, 64, 64), []
    for part in parts:
        volume = part(volume)
        sizes.append(volume.shape[-1])
    told("04", 1, " → ".join(map(str, sizes[:4])), f"= {digits(sizes[4])} numbers")
    counts = [sum(p.numel() for p in parts[i].parameters()) for i in (0, 2, 5)]
    told("04", 1, " + ".join(map(digits, counts)) + f" = {digits(sum(counts))}.")


def test_turned_digits():
    images = np.pad(load_digits(28).test_images[:100], ((0, 0), (7, 7), (7, 7)))
    sobel = torch.tensor(SOBEL, dtype=torch.float32)[None, None]

    def edges(angle):
        turned = np.stack([transform.rotate(image, angle) for image in images])
        return F.relu(F.conv2d(torch.tensor(turned, dtype=torch.float32)[:, None], sobel))

    upright, turned = edges(0), edges(10)

    def moved(pool):
        start, end = pool(upright).flatten(1), pool(turned).flatten(1)
        return ((end - start).norm(dim=1).mean() / torch.pdist(start).mean()).item()

    whole = moved(lambda x: x)
    assert 0.5 < whole < 0.7
    assert round(whole - moved(lambda x: F.max_pool2d(x, 2)), 2) == 0.05
    assert moved(lambda x: F.max_pool2d(x, 8)) > whole - 0.02
    means = [moved(lambda x: F.avg_pool2d(x, 8)), moved(lambda x: x.mean(dim=(2, 3)))]
    assert whole - 0.2 > means[0] > means[1] > 0.1
    told("04", 2, "more than half of the way", "a twentieth of the way", "8×8 gains nothing there")


def test_what_a_second_softmax_costs():
    stored = measured("softmax_twice")
    shares = {
        way: 100 * np.array(counts) / stored["test digits"]
        for way, counts in stored["right"].items()
    }

    def points(first, second):
        difference = shares[first] - shares[second]  # paired by seed
        half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
        return difference.mean(), half

    means = {way: round(share.mean()) for way, share in shares.items()}
    twelve = {way: mean for way, mean in means.items() if way.endswith("12 epochs")}
    assert list(twelve) == [
        f"{pool}, softmax {how}, 12 epochs" for pool in ("max", "mean") for how in ("once", "twice")
    ]
    logits, twice, mean_logits, mean_twice = twelve.values()
    assert logits == mean_logits
    told(
        "04", 3, f"to {logits} % of", f"to {twice} % with max pooling and {mean_twice} % with mean"
    )
    costs = [
        points(f"{p}, softmax once, 12 epochs", f"{p}, softmax twice, 12 epochs")
        for p in ("max", "mean")
    ]
    told("04", 3, " and ".join(f"{middle:.0f} ± {half:.0f}" for middle, half in costs))
    early = [means[f"max, softmax {how}, 2 epochs"] for how in ("once", "twice")]
    told("04", 3, "it is {} % against {} % with max".format(*early))
    middle, half = points("max, softmax once, 12 epochs", "mean, softmax once, 12 epochs")
    told("04", 3, f"{middle:.1f} ± {half:.1f} points".replace("-", "−"))
    assert abs(middle) < half
    assert f"{np.log(np.e + 9) - 1:.3f}" == "1.461"


@pytest.mark.parametrize(("name", "flip"), [("Cross-correlation", False), ("True conv", True)])
def test_gradients_by_hand(name, flip):
    x, w = (torch.tensor(a, requires_grad=True) for a in ([1.0, 3, 0, 4], [1.0, -1, 2]))
    out = F.conv1d(x[None, None], (w.flip(0) if flip else w)[None, None])[0, 0]
    dx, dw = torch.autograd.grad(out, (x, w), torch.tensor([1.0, -1]))
    told("05", 1, name, f"dw = {signed(dw)}, dx = {signed(dx)}, ")


def test_gradients_of_a_vector_and_of_a_batch():
    rng = np.random.default_rng(0)
    x, y, wh, wo = (rng.normal(size=shape) for shape in ((5, 3), (5, 2), (3, 2), (2, 2)))
    weights = [torch.tensor(w, requires_grad=True) for w in (wh, wo)]
    y_hat = torch.tensor(x) @ weights[0] @ weights[1]
    right = torch.autograd.grad(0.5 * ((y_hat - torch.tensor(y)) ** 2).sum(), weights)
    lines = re.findall(r"<code>(.*?)</code>", solution("05", 2))
    outer = ["dWo", "dWh"]
    assert [line.split(" = ")[0] for line in lines] == ["Eo", "Eh", *outer, "Eh", *outer]

    names = {"x": x, "h": x @ wh, "Wo": wo, "Eo": x @ wh @ wo - y}
    exec("\n".join(lines[4:]), names)
    rows = []
    for row, label in zip(x, y, strict=True):
        given = {"np": np, "x": row, "y": label, "h": row @ wh, "Wo": wo, "ŷ": row @ wh @ wo}
        exec("\n".join(lines[:4]), given)
        rows.append((given["dWh"], given["dWo"]))
    for found in ((names["dWh"], names["dWo"]), map(sum, zip(*rows, strict=True))):
        for one, other in zip(found, right, strict=True):
            assert np.allclose(one, other)


def test_a_dilated_matrix():
    rng = np.random.default_rng(0)
    w, x, y = (torch.tensor(rng.normal(size=n)) for n in (3, 7, 3))
    units = torch.eye(7, dtype=torch.float64)[:, None]
    matrix = F.conv1d(units, w[None, None], dilation=2)[:, 0].T
    spread = np.zeros(5)
    spread[::2] = w
    assert np.allclose(matrix[0], [*spread, 0, 0])
    dx = np.convolve(y, spread)
    assert np.allclose(dx, matrix.T @ y)
    assert np.isclose((matrix @ x) @ y, (x * dx).sum())
    told("05", 3, "w[0], 0, w[1], 0, w[2]", "np.convolve(dout, spread)")


def test_where_three_mistakes_hide_and_where_they_cannot():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(4, 5)), rng.normal(size=(2, 3))
    image[1, 2] = image.max() + 1  # the largest is inside

    def unturned(kernel):  # how much a forgotten flip changes dx
        dout = rng.normal(size=(3, 3))
        return np.abs(signal.convolve2d(dout, kernel) - signal.correlate2d(dout, kernel)).max()

    def winners(stride):  # of 2×2 windows
        pooled = F.max_pool2d(torch.tensor(image)[None], 2, stride, return_indices=True)
        return pooled[1].flatten().tolist()

    assert unturned(np.array([[1, 2], [2, 1]])) < 1e-12
    assert unturned(kernel) > 0.1
    assert len(set(winners(2))) == len(winners(2))
    assert len(set(winners(1))) < len(winners(1))
    assert len(set(image.shape)) == len(set(kernel.shape)) == 2
    told("05", 4, "[[1, 2], [2, 1]]", "2×2 with stride 2", "4×5", "2×3 kernel", "with stride 1")

    x = torch.zeros(1, 1, 5, 7, requires_grad=True)
    F.conv2d(
        x, torch.tensor(kernel, dtype=torch.float32)[None, None], stride=(2, 3)
    ).sum().backward()
    unread = x.grad[0, 0] == 0
    assert unread[-1].all()
    assert unread[:, -1].all()
    assert not unread[:-1, :-1].any()
    told(
        "05", 4, "2 down and 3 across on 5×7", "the last row and the last column are read by nobody"
    )


def test_how_large_a_depthwise_kernel_may_be():
    first = [next(k for k in range(1, 99, 2) if k**2 > c) for c in (16, 64, 256)]
    assert first == [5, 9, 17]
    told("12", 1, "k = 4, so the first odd kernel is 5; at 64 it is 9, at 256 it is 17")
    with torch.device("meta"):
        nets = models.EfficientNetLite0(), torchvision.models.convnext_tiny()
    fewest = [
        min(
            m.groups
            for m in net.modules()
            if isinstance(m, nn.Conv2d) and m.kernel_size == (k, k) and m.groups > 1
        )
        for net, k in zip(nets, (5, 7), strict=True)
    ]
    told(
        "12", 1, "there are {} channels and more, ConvNeXt's 7×7 where there are {}".format(*fewest)
    )


def test_the_odd_pixel_of_same_padding():
    text = solution("12", 2).split("</code>")[0].split("<code>")[1]
    names = {}
    exec("def same(rows, kernel_size, stride):\n    " + text.replace("; ", "\n    "), names)
    with torch.device("meta"):
        net = models.EfficientNetLite0()
    uneven, rows, pads = [], 224, (0, 0)
    for m in net.features.modules():
        if isinstance(m, nn.ZeroPad2d):
            pads = m.padding[2:]
        elif isinstance(m, nn.Conv2d) and m.kernel_size[0] > 1:
            k, stride = m.kernel_size[0], m.stride[0]
            expected = names["same"](rows, k, stride)
            assert expected == tuple(p + m.padding[0] for p in pads)
            if expected != (k // 2, k // 2):
                uneven.append((k, expected))
            rows, pads = -(-rows // stride), (0, 0)
    assert sorted(set(uneven)) == [(3, (0, 1)), (5, (1, 2))]
    assert (len(uneven), rows) == (5, 7)
    told("12", 2, "five layers", "(0, 1) for 3×3 and (1, 2) for 5×5")


def test_two_rungs_at_once():
    right = {name: 100 * np.array(runs) for name, runs in measured("seeds_12")["right"].items()}
    plain, cheap = right["3×3, BatchNorm"], right["depthwise 3×3"]
    mean, half = interval(cheap - plain)
    assert abs(mean) < half  # "not told apart"
    told("12", 3, signed_interval(mean, half))
    told("12", 3, signed_interval(*interval(cheap - right["LeNet-5 as in 07"])))


def signed_interval(mean: float, half: float) -> str:
    return f"{mean:+.1f} ± {half:.1f}".replace("-", "−")


def test_what_a_cheap_block_saves():
    """The bodies of lecture 12, as its cells make them."""
    (path,) = ROOT.glob("lectures/12_*.ipynb")
    found = {cell.id: cell.source for cell in notebooks.read(path).cells}
    names = {"nn": nn, "torch": torch, "models": models}
    for id_ in ("bodies-code", "bodies-blocks"):
        exec(found[id_], names)
    counts = []
    for block in (lambda c: names["two_convs"](c, False), lambda c: names["inverted"](c, 3)):
        layers = tracing.trace(names["body"](block), (1, 1, 20, 20))
        counts.append([sum(getattr(x, k) for x in layers) for k in ("parameters", "multiply_adds")])
    shares = [f"{100 * b / a:.0f} %" for a, b in zip(*counts, strict=True)]
    told("12", 3, "{} of the parameters and {} of the multiply-adds".format(*shares))
