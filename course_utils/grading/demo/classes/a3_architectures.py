"""The sample class of a3_architectures: three typical mistakes beside a perfect and a blank one."""

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
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return out + self.shortcut(x)
"""

FROM_THE_LIBRARY = """
def vgg_block(in_channels, out_channels, num_convs):
    from torchvision.models.vgg import make_layers

    layers = make_layers([out_channels] * num_convs + ["M"])
    layers[0] = nn.Conv2d(in_channels, out_channels, 3, padding=1)
    return layers
"""

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "left the model in eval mode",
        {"evaluate": LEFT_IN_EVAL_MODE},
        lost={"check-evaluate": 7},
    ),
    Recipe(
        "cleo",
        "forgot the ReLU after the addition",
        {"residual-block": NO_LAST_RELU},
        lost={"check-residual-block": 9, "check-residual-training": 4, "check-resnet": 8},
    ),
    Recipe(
        "dan",
        "took the VGG block from torchvision",
        {"vgg_block": FROM_THE_LIBRARY},
        lost={"check-vgg-block": 5, "check-small-vgg": 6, "check-networks-invalid": 3},
    ),
    BLANK,
]
