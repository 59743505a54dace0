"""The models of Dunlin.Benchmarks/Row.cs in PyTorch."""
from torch import nn
import torch


def mlp(*widths):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


def conv(inputs, outputs, kernel, stride=1, padding=0):
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding), nn.ReLU()]


def alexnet():
    return nn.Sequential(
        *conv(3, 64, 11, 4, 2), nn.MaxPool2d(3, 2), *conv(64, 192, 5, padding=2), nn.MaxPool2d(3, 2),
        *conv(192, 384, 3, padding=1), *conv(384, 256, 3, padding=1), *conv(256, 256, 3, padding=1), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))


def overfeat():
    return nn.Sequential(
        *conv(3, 96, 11, 4), nn.MaxPool2d(2), *conv(96, 256, 5), nn.MaxPool2d(2),
        *conv(256, 512, 3, padding=1), *conv(512, 1024, 3, padding=1), *conv(1024, 1024, 3, padding=1), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(36864, 3072), nn.ReLU(), nn.Linear(3072, 4096), nn.ReLU(), nn.Linear(4096, 1000))


def vgg_a():
    layers, inputs = [], 3
    for outputs in [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"]:
        layers += [nn.MaxPool2d(2)] if outputs == "pool" else conv(inputs, outputs, 3, padding=1)
        inputs = inputs if outputs == "pool" else outputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))


class Inception(nn.Module):
    def __init__(self, inputs, one, three, five, projection):
        super().__init__()
        self.branches = nn.ModuleList([
            nn.Sequential(*conv(inputs, one, 1)),
            nn.Sequential(*conv(inputs, three[0], 1), *conv(*three, 3, padding=1)),
            nn.Sequential(*conv(inputs, five[0], 1), *conv(*five, 5, padding=2)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), *conv(inputs, projection, 1))])

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


def halve():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def googlenet():
    return nn.Sequential(
        *conv(3, 64, 7, 2, 3), halve(), *conv(64, 64, 1), *conv(64, 192, 3, padding=1), halve(),
        Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64), halve(),
        Inception(480, 192, (96, 208), (16, 48), 64), Inception(512, 160, (112, 224), (24, 64), 64), Inception(512, 128, (128, 256), (24, 64), 64),
        Inception(512, 112, (144, 288), (32, 64), 64), Inception(528, 256, (160, 320), (32, 128), 128), halve(),
        Inception(832, 256, (160, 320), (32, 128), 128), Inception(832, 384, (192, 384), (48, 128), 128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


def normalized(inputs, outputs, kernel, stride=1, padding=0):
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs)]


class Bottleneck(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        outputs = 4 * channels
        self.inner = nn.Sequential(
            *normalized(inputs, channels, 1), nn.ReLU(), *normalized(channels, channels, 3, stride, 1), nn.ReLU(), *normalized(channels, outputs, 1))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Sequential(*normalized(inputs, outputs, 1, stride))
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.inner(x) + self.shortcut(x))


def resnet_50():
    layers, inputs = [*normalized(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate([3, 4, 6, 3]):
        for block in range(count):
            layers.append(Bottleneck(inputs, 64 << stage, 2 if stage > 0 and block == 0 else 1))
            inputs = 256 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class Lstm(nn.Module):
    def __init__(self, vocabulary=10_000, width=650, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, layers, batch_first=True)
        self.linear = nn.Linear(width, vocabulary)

    def forward(self, x):
        return self.linear(self.lstm(self.embedding(x))[0]).flatten(0, 1)


# The model, the shape of a batch, and how many classes there are.
ROWS = {
    "tiny": (lambda: mlp(32, 64, 10), (16, 32), 10),
    "mlp": (lambda: mlp(784, 512, 512, 10), (64, 784), 10),
    "lenet": (lenet, (64, 1, 28, 28), 10),
    "alexnet": (alexnet, (32, 3, 224, 224), 1000),
    "overfeat": (overfeat, (16, 3, 231, 231), 1000),
    "vgg-a": (vgg_a, (8, 3, 224, 224), 1000),
    "googlenet": (googlenet, (16, 3, 224, 224), 1000),
    "resnet-50": (resnet_50, (16, 3, 224, 224), 1000),
    "lstm": (Lstm, (20, 35), 10_000),
}


def parameters(model):
    """Trainable elements. PyTorch's LSTM has a second bias that is added to the first; it is not counted."""
    return sum(p.numel() for name, p in model.named_parameters() if "bias_hh" not in name)
