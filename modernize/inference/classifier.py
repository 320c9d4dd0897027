"""A network with weights, by name: ours, timm's or torchvision's, with its class names and its preprocessing.

run:3f2a81c0                          what a run trained
kept.safetensors                      a file that says what it is of: a run's weights, or an export of them
convnext-t?weights=FILE               a published ConvNeXt, of this toolkit's own
laptop/ln?weights=FILE                a rung
timm:resnet50                         a library's network with the weights that it takes by default,
timm:resnet50.a1_in1k                 with others of its weights,
torchvision:resnet50?weights=FILE     with those of a file,
timm:resnet50?weights=random          or with none
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from modernize.datasets.feeds import make_feed
from modernize.entry import Entry, Model, model_of
from modernize.errors import ModernizeError, one_line
from modernize.external import LIBRARIES, External, parse_external
from modernize.inference.runs import data_of
from modernize.metrics import CLASSIFICATION
from modernize.models import build_model, handle_of, preprocessing_of
from modernize.models.description import Description, description_in, description_of
from modernize.models.libraries import on_meta
from modernize.models.pretrained import IMAGENET_CLASSES, build_pretrained, class_names_of, imagenet_names
from modernize.objectives.masking import encoder_of
from modernize.objectives.pyramid import body_of
from modernize.results.artifact import PREFIX, run_called, weights_of_run
from modernize.results.record import Record
from modernize.results.store import load_records
from modernize.spec import Arch, Recipe
from modernize.strict import from_dict
from modernize.studies.entries import spec_called
from modernize.train.state_dicts import fitting_weights

RANDOM = "random"
SUFFIX = ".safetensors"
WEIGHTS = "weights="


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A network that is ready to be used.

    Attributes:
        name: As the user wrote it.
        network: In evaluation mode, on the processor; maps (N, 3, H, W) to logits (N, classes).
        description: What it is, its class names and its preprocessing.
        weights: Where its weights come from, in words.
        record: Of the run that trained it, if one did.
    """

    name: str
    network: nn.Module
    description: Description
    weights: str
    record: Record | None = None

    @property
    def slug(self) -> str:
        """What files of it are called."""
        if self.record:
            return f"{self.record.entry.name}-{self.record.run_id[:8]}"
        name = Path(self.name.partition("?")[0].removesuffix(SUFFIX)).name
        return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits of the network, its weights and its preprocessing."""
        digest = hashlib.sha256(repr((self.description.model, self.description.preprocessing)).encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest()[:16]

    @torch.inference_mode()
    def logits(self, images_nchw: Tensor) -> Tensor:
        """Return the logits of prepared images, (N, classes)."""
        logits: Tensor = self.network(images_nchw)
        return logits


def load_classifier(
    name: str,
    *,
    weights: str = "",
    image_size: int | None = None,
    out: Path = Path(),
    data_dir: Path | None = None,
    download: bool = False,
) -> Classifier:
    """Load a network by its name; see the head of this file.

    Args:
        name: Which.
        weights: In place of `?weights=` in the name.
        image_size: Height and width of its images in pixels; by default what its weights were evaluated on.
        out: Folder that holds results/ and runs/.
        data_dir: Where downloaded data sets lie; only the weights of old runs need them.
        download: Whether a library may fetch its weights.

    Raises:
        ModernizeError: If there is no such network, its weights are not here or are another network's, or it does not
            take images of this size.
    """
    plain, asked = _split(name)
    if asked and weights:
        raise ModernizeError(f"{name} names its weights; --weights {weights} would name others.")
    weights = weights or asked
    if plain.startswith(PREFIX) or plain.endswith(SUFFIX):
        if weights:
            raise ModernizeError(f"{plain} has weights of its own; --weights goes with a network that has none.")
        loaded = _of_run(plain, out, data_dir) if plain.startswith(PREFIX) else _of_file(name, Path(plain))
    else:
        loaded = _of_model(name, _model(plain), weights, image_size, download=download)
    if image_size and image_size != loaded.description.preprocessing.image_size:
        loaded = _at_size(loaded, image_size)
    loaded.network.eval().requires_grad_(requires_grad=False)
    return loaded


def _split(name: str) -> tuple[str, str]:
    """Take the weights out of a name: those of its options, or what follows a dot in one of timm's."""
    plain, _, query = name.partition("?")
    options = query.split("&") if query else []
    found = [option.removeprefix(WEIGHTS) for option in options if option.startswith(WEIGHTS)]
    if len(found) > 1:
        raise ModernizeError(f"{name} is given weights twice.")
    if plain.startswith("timm:") and "." in plain:
        plain, _, tag = plain.partition(".")
        found.append(tag)
    rest = "&".join(option for option in options if not option.startswith(WEIGHTS))
    return plain + (f"?{rest}" if rest else ""), "".join(found)


def _model(name: str) -> Model:
    if name.partition(":")[0] in LIBRARIES:
        return parse_external(name)
    try:
        return spec_called(name).arch
    except ModernizeError as error:
        raise ModernizeError(
            f"{error} A model is also run:ID, a file of weights that a run or `modernize export` wrote, timm:NAME or "
            "torchvision:NAME."
        ) from error


def _of_run(name: str, out: Path, data_dir: Path | None) -> Classifier:
    record = run_called(name, load_records(out / "results").records)
    if record.objective != CLASSIFICATION:
        raise ModernizeError(f"run {record.run_id} trained no classifier, but {record.objective}: fine-tune it first.")
    path = weights_of_run(record, out)
    description = description_in(path) or _described_by_data(record, data_dir)
    network = _with_weights(description, load_file(path), path)
    return Classifier(
        name=name, network=network, description=description, weights=f"run {record.run_id}", record=record
    )


def _described_by_data(record: Record, data_dir: Path | None) -> Description:
    """Describe the weights of a run that kept no description of them, from the data that it was trained on."""
    recipe = from_dict(Recipe, record.trained_recipe, "recipe")
    feed = make_feed(data_of(record, data_dir), recipe)
    return description_of(model_of(record.model), feed, {"run": record.run_id})


def _of_file(name: str, path: Path) -> Classifier:
    description = description_in(path)
    if not description:
        raise ModernizeError(
            f"{path} does not say which network it is of: name the network, and {path} with --weights."
        )
    network = _with_weights(description, load_file(path), path)
    return Classifier(name=name, network=network, description=description, weights=str(path))


def _of_model(name: str, model: Model, weights: str, image_size: int | None, *, download: bool) -> Classifier:
    if weights == RANDOM:
        classes = IMAGENET_CLASSES if isinstance(model, External) else model.num_classes
        description = _undescribed(model, "", classes, image_size)
        description = replace(description, class_names=tuple(map(str, range(classes))))
        torch.manual_seed(0)
        network = _built(description)
        return Classifier(name=name, network=network, description=description, weights="none: random numbers")
    if "." in weights or "/" in weights:
        return _with_file(name, model, Path(weights).expanduser(), image_size)
    if not isinstance(model, External):
        raise ModernizeError(
            f"{name} has no weights of its own: give a {SUFFIX} file with --weights, or a run as run:ID."
        )
    network = build_pretrained(model, weights, download=download)
    num_classes = len(network.get_submodule(handle_of(network).classifiers[0]).weight)  # type: ignore[arg-type]
    description = _undescribed(model, weights, num_classes, None)
    said = f"{model.library}'s {weights or 'default weights'}"
    return Classifier(name=name, network=network, description=description, weights=said)


def _with_file(name: str, model: Model, path: Path, image_size: int | None) -> Classifier:
    """Load weights from a file that need not say what it is of."""
    given = description_in(path)
    if given:
        description = replace(given, model=model)
    else:
        description = _undescribed(model, "", _num_classes(load_file(path), model, path), image_size)
    if isinstance(model, Arch):
        description = replace(description, model=replace(model, num_classes=len(description.class_names)))
    size = {"num_classes": len(description.class_names), "image_size": description.preprocessing.image_size}
    entry = Entry(name=name, title=name, role="network", model=description.model, recipe=Recipe())
    network = _with_weights(description, fitting_weights(path, entry, **size), path)
    return Classifier(name=name, network=network, description=description, weights=str(path))


def _num_classes(state: dict[str, Tensor], model: Model, path: Path) -> int:
    """Return how many classes weights tell apart, by the classifier's own."""
    names = ["head.fc.weight", "classifier.2.weight", "fc.weight"]
    if isinstance(model, External):
        network = on_meta(model, num_classes=IMAGENET_CLASSES, image_size=preprocessing_of(model).image_size)
        names = [f"{path}.weight" for path in handle_of(network).classifiers]
    found = next((state[name] for name in names if name in state), None)
    if found is None:
        raise ModernizeError(f"{path}: its weights are of another network: it has no {names[0]}.")
    return len(found)


def _undescribed(model: Model, weights: str, num_classes: int, image_size: int | None) -> Description:
    """Describe weights that do not say what they are of, as the library that has the network does."""
    if isinstance(model, External):
        names, preprocessing = class_names_of(model, weights, num_classes), preprocessing_of(model, weights)
    else:
        names, preprocessing = imagenet_names(num_classes), preprocessing_of(External("torchvision", "convnext_tiny"))
        preprocessing = replace(preprocessing, image_size=image_size or (32 if model.stem_stride < 4 else 224))
    if weights == "" and image_size:
        preprocessing = replace(preprocessing, image_size=image_size)
    return Description(model=model, class_names=names, preprocessing=preprocessing)


def _built(description: Description) -> nn.Module:
    size = {"num_classes": len(description.class_names), "image_size": description.preprocessing.image_size}
    return build_model(description.model, Recipe(), **size)


def _with_weights(description: Description, state: dict[str, Tensor], path: Path) -> nn.Module:
    if encoder_of(state) or body_of(state):
        what = "masked pre-training" if encoder_of(state) else "a detector or segmenter"
        raise ModernizeError(
            f"{path} is of {what} and has no classifier: fine-tune from it, modernize run --weights {path}"
        )
    network = _built(description)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise ModernizeError(f"{path}: its weights are of another network: {first}") from error
    return network


def _at_size(loaded: Classifier, image_size: int) -> Classifier:
    """Have the same weights look at images of another size."""
    description = loaded.description
    if isinstance(description.model, External):
        on_meta(description.model, num_classes=len(description.class_names), image_size=image_size)
    try:
        loaded.network.eval()(torch.zeros(1, 3, image_size, image_size))
    except RuntimeError as error:
        raise ModernizeError(
            f"{loaded.name} does not take images of {image_size} px ({one_line(error)[:100]})."
        ) from error
    preprocessing = replace(description.preprocessing, image_size=image_size)
    return replace(loaded, description=replace(description, preprocessing=preprocessing))
