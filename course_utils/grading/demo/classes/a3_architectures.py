"""The sample class of a3_architectures: four typical mistakes beside a perfect and a blank one."""

from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe

LEFT_IN_EVAL_MODE = """
def evaluate(model, loader):
    model.eval()
    right = count = 0
    with torch.no_grad():
        for inputs, labels in loader:
            right += (model(inputs).argmax(dim=1) == labels).sum().item()
            count += len(labels)
    if count == 0:
        raise ValueError("the loader has no examples")
    return right / count
"""

NO_LAST_RELU = """
class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        if min(in_channels, out_channels, stride) < 1:
            raise ValueError("in_channels, out_channels and stride must be at least 1")
        self.change = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        return self.change(x) + self.shortcut(x)
"""

FROM_THE_LIBRARY = """
def vgg_block(in_channels, out_channels, num_convs):
    from torchvision.models.vgg import make_layers

    layers = make_layers([out_channels] * num_convs + ["M"])
    layers[0] = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    return layers
"""

TOO_MUCH = """
link_at_depth = "higher"
depth_without_links = "lower"
depth_with_links = "higher"
sentence = 5
"""

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "left the model in eval mode",
        {"evaluate": LEFT_IN_EVAL_MODE},
        lost={"check-evaluate": 6},
    ),
    Recipe(
        "cleo",
        "forgot the ReLU after the addition, and handed in a friend's numbers",
        {"residual-block": NO_LAST_RELU},
        lost={
            "check-residual-block": 9,
            "check-residual-training": 4,
            "check-resnet": 8,
            "check-experiment": 7,
        },
    ),
    Recipe(
        "dan",
        "took the VGG block from torchvision",
        {"vgg_block": FROM_THE_LIBRARY},
        lost={"check-vgg-block": 5, "check-small-vgg": 5, "check-networks-invalid": 1},
    ),
    Recipe(
        "finn",
        "claims more than the intervals of the experiment support",
        {"conclusions": TOO_MUCH},
        lost={"check-experiment": 2},
    ),
    BLANK,
]
