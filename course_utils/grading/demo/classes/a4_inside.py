"""The sample class of a4_inside: three typical mistakes beside a perfect and a blank one."""

from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe

SIGNED = """
def saliency(model, x, target):
    images = x.detach().clone().requires_grad_()
    with eval_mode(model):
        scores = target_logits(model(images), target)
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    return gradient.amax(dim=1)


def target_logits(logits, target):
    count, classes = logits.shape
    targets = torch.as_tensor(target)
    if targets.ndim == 1 and len(targets) != count:
        raise ValueError(f"target must be one class, or {count} of them, got {len(targets)}")
    if not bool(((targets >= 0) & (targets < classes)).all()):
        raise ValueError(f"target must be in 0 to {classes - 1}, got {targets.tolist()}")
    return logits[torch.arange(count), targets.expand(count)]
"""

# What his own rates say, so it earns its points though his saliency is wrong.
HIS_OWN_TABLE = """
cam_saliency = "open"
cam_deconvnet = "open"
cam_learned = "higher"
saliency_learned = "higher"
occlusion_saliency = "open"
"""

HOOKS_STAY = """
def deconvnet(model, x, layer, channel):
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda m, gi, go: (go[0].clamp(min=0),))
    images = x.detach().clone().requires_grad_()
    with eval_mode(model):
        values = channel_of(output_of(model, images, layer)[1], channel, layer)
    strongest = values.flatten(1).max(dim=1).values
    return torch.autograd.grad(strongest.sum(), images)[0]
"""

FROM_THE_LIBRARY = """
def grad_cam(model, x, target, layer):
    from captum.attr import LayerGradCam

    tool = LayerGradCam(model, model.get_submodule(layer))
    return tool.attribute(x, target=target, relu_attributions=True)[:, 0].detach()
"""

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "forgot the absolute value of the gradient",
        {"saliency": SIGNED, "verdict": HIS_OWN_TABLE},
        lost={"check-saliency": 8, "check-saliency-traces": 1},
    ),
    Recipe(
        "cleo",
        "left the hooks of the deconvnet in the model",
        {"deconvnet": HOOKS_STAY},
        lost={"check-deconvnet-traces": 2},
    ),
    Recipe(
        "dan",
        "took Grad-CAM from captum",
        {"grad_cam": FROM_THE_LIBRARY},
        lost={
            "check-grad-cam": 9,
            "check-grad-cam-traces": 2,
            "check-rates": 5,
            "check-verdict": 10,
        },
    ),
    BLANK,
]
