"""The loop that `modernize.train` is compared with: what one would write without thinking about speed.

PIL images through torchvision transforms in a DataLoader, `nn.Conv2d` networks in NCHW memory with the channels-first
LayerNorm of the ConvNeXt release, and torch's optimizer classes. Same networks, recipes, images and epochs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor, nn
from torch.utils import data as torch_data
from torch.utils.data import DataLoader
from torchvision import transforms

from modernize.datasets import Dataset
from modernize.nn import build
from modernize.nn.layers import LayerNorm2d
from modernize.spec import Recipe, Spec
from modernize.train.optimizer import parameter_groups
from modernize.train.schedule import learning_rate


class ChannelsFirstLayerNorm(nn.Module):
    """LayerNorm over dimension 1, as the ConvNeXt release writes it out."""

    def __init__(self, norm: LayerNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + self.eps)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def plain_network(spec: Spec) -> nn.Module:
    """Build a rung from `nn.Conv2d` in NCHW memory."""
    network = build(spec, formulation="plain").to(memory_format=torch.contiguous_format)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, LayerNorm2d):
                setattr(module, name, ChannelsFirstLayerNorm(child))
    return network


class PilImages(torch_data.Dataset[tuple[Tensor, int]]):
    """A split as torchvision's CIFAR-10 is: an array whose images become PIL images and are transformed."""

    def __init__(self, images_nhwc: np.ndarray, labels: np.ndarray, transform: Callable[[Image.Image], Tensor]) -> None:
        self.images_nhwc, self.labels, self.transform = images_nhwc, labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images_nhwc[index])), int(self.labels[index])


def plain_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return torch's own optimizer of a recipe."""
    groups = [{"params": weights, "weight_decay": decay} for weights, decay in parameter_groups(network, recipe)]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.lr, betas=recipe.betas, eps=recipe.eps)
    return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum)


def loaders(arrays: Dataset, recipe: Recipe, num_workers: int = 0) -> tuple[DataLoader, DataLoader]:
    """Return the loaders of the two splits."""
    size, scaled = arrays.image_size, arrays.train.images_nhwc / 255
    finish = [transforms.ToTensor(), transforms.Normalize(scaled.mean((0, 1, 2)), scaled.std((0, 1, 2)))]
    augment = [transforms.RandomHorizontalFlip(), transforms.RandomCrop(size, padding=recipe.shift_pixels)]
    train = PilImages(arrays.train.images_nhwc, arrays.train.labels, transforms.Compose(augment + finish))
    test = PilImages(arrays.test.images_nhwc, arrays.test.labels, transforms.Compose(finish))
    train_loader = DataLoader(train, recipe.batch_size, shuffle=True, drop_last=True, num_workers=num_workers)
    return train_loader, DataLoader(test, 250, num_workers=num_workers)


def train(
    spec: Spec, arrays: Dataset, *, seed: int, on_step: Callable[[int, int], None] | None = None
) -> tuple[float, ...]:
    """Train a rung and evaluate it after each epoch.

    Returns:
        Seconds of each epoch, evaluation included.
    """
    recipe = spec.recipe
    torch.manual_seed(seed)
    network = plain_network(spec)
    optimizer = plain_optimizer(network, recipe)
    train_loader, test_loader = loaders(arrays, recipe)
    seconds, step = [], 0
    for epoch in range(recipe.epochs):
        began = time.perf_counter()
        network.train()
        for images, labels in train_loader:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, step, len(train_loader))
            loss = F.cross_entropy(network(images), labels, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
            step += 1
            if on_step:
                on_step(epoch, step)
        evaluate(network, test_loader)
        seconds.append(time.perf_counter() - began)
    return tuple(seconds)


@torch.no_grad()
def evaluate(network: nn.Module, loader: DataLoader) -> float:
    """Return the top-1 accuracy in percent."""
    network.eval()
    correct = sum(int((network(images).argmax(1) == labels).sum()) for images, labels in loader)
    return 100 * correct / len(loader.dataset)  # type: ignore[arg-type]
