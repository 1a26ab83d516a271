"""The sample class of a5_transfer: four typical mistakes beside a perfect and a blank one."""

from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe

WOKEN_BY_TRAIN = """
def freeze(model, up_to):
    names = [name for name, _ in model.named_children()]
    if up_to is not None and up_to not in names:
        raise ValueError(f"up_to={up_to!r} is not among {names}")
    count = 0 if up_to is None else names.index(up_to) + 1
    for number, child in enumerate(model.children()):
        child.requires_grad_(number >= count)
        if number < count:
            child.eval()
    return model
"""

LOOKS_AT_THE_TEST = """
def probe_layers(model, x, y, layers):
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise ValueError(f"there is no layer {name!r}")
    if len(x) != len(y):
        raise ValueError("x and y must have the same length")
    found, hooks, modes = {}, [], [(m, m.training) for m in model.modules()]
    for name in layers:
        def hook(module, inputs, output, name=name):
            found[name] = output.mean((2, 3)) if output.dim() == 4 else output.flatten(1)

        hooks.append(modules[name].register_forward_hook(hook))
    model.eval()
    try:
        with torch.no_grad():
            model(x)
    finally:
        for handle in hooks:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    scores = {}
    for name, f in found.items():
        f = f.double()
        std = f.std(0, correction=0)
        z = (f - f.mean(0)) / torch.where(std == 0, 1.0, std)
        t = F.one_hot(y).double()
        mean, center = t[::2].mean(0), z[::2].mean(0)
        a = z[::2] - center
        w = torch.linalg.solve(a.T @ a + torch.eye(a.shape[1]).double(), a.T @ (t[::2] - mean))
        answers = ((z[1::2] - center) @ w + mean).argmax(1)
        scores[name] = (answers == y[1::2]).double().mean().item()
    return scores
"""

PLAIN_NEW_LAYER = """
def replace_head(model, num_classes):
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")
    names = [name for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not names:
        raise ValueError("no linear layer")
    holder, _, name = names[-1].rpartition(".")
    old = model.get_submodule(names[-1])
    setattr(model.get_submodule(holder), name, nn.Linear(old.in_features, num_classes))
    return model
"""

# Better than this task allows, and all seeds equally far apart.
OF_A_FRIEND = """curve = [[[s + 0.01 * seed for seed in range(5)] for s in sizes] for sizes in (
    (0.76, 0.91, 0.95), (0.78, 0.92, 0.95), (0.77, 0.92, 0.95),
    (0.79, 0.89, 0.93), (0.72, 0.86, 0.93),
)]
results = {"sizes": [1, 5, 20], "seeds": [0, 1, 2, 3, 4], "curve": curve}"""
TOO_MUCH = """
letters_at_1 = "higher"
letters_at_20 = "higher"
borrowing_at_1 = "higher"
freezing_at_20 = "lower"
fading_at_5 = "higher"
"""

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "let model.train() wake the frozen BatchNorms, and gave means without their spread",
        {"freeze": WOKEN_BY_TRAIN},
        by_hand={"recommendation": 9},
        lost={"check-freeze-norms": 7, "check-freeze-again": 5, "recommendation": 6},
    ),
    Recipe(
        "cleo",
        "standardised the features of the probe with the test half as well",
        {"probe_layers": LOOKS_AT_THE_TEST},
        lost={"check-probe": 12},
    ),
    Recipe(
        "dan",
        "ignored dtype and device of the old head, and handed in a friend's numbers",
        {"replace_head": PLAIN_NEW_LAYER, "results": OF_A_FRIEND},
        lost={"check-replace-head": 8, "check-replace-rest": 4, "check-experiment": 10},
    ),
    Recipe(
        "finn",
        "claims more than the intervals of the experiment support",
        {"conclusions": TOO_MUCH},
        lost={"check-experiment": 4},
    ),
    BLANK,
]
