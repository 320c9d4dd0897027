"""Trained networks for use elsewhere: each file is read back by what it is for and compared before it is kept."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from modernize.errors import ModernizeError, one_line, unknown_name
from modernize.inference.card import FACTS, model_card
from modernize.inference.classifier import Classifier, load_classifier
from modernize.models import build_external
from modernize.models.counterparts import counterpart, state_for
from modernize.models.description import Description
from modernize.nn.network import Network
from modernize.regimes import spec_of
from modernize.results.files import refuse_existing, write_atomically
from modernize.spec import Arch, Recipe
from modernize.train.checkpoint import contiguous

TOLERANCE = 1e-5
"""Of logits, relative to the largest where that is above 1."""

Files = Mapping[str, bytes]
Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a network is exported to.

    Attributes:
        about: What it is for, in a few words.
        suffix: Of the file; "" for a folder.
        write: Gives the files by name, the first of them the network's.
        read: Loads the network from them as their users do.
        usage: Python that does so, where {path} stands for the file or folder.
        needs: Package of the extra `export` that writing takes.
    """

    about: str
    suffix: str
    write: Callable[[Classifier, Description, str], Files]
    read: Callable[[Path, Classifier], Logits]
    usage: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        path: The file or folder.
        card: The model card.
        largest_difference: Of the logits of random images before and after, relative to the largest logit.
    """

    path: Path
    card: Path
    largest_difference: float


def export(classifier: Classifier, to: str, path: Path | None = None, *, replace_files: bool = False) -> Exported:
    """Write a network for use elsewhere, with a model card beside it.

    Args:
        classifier: What is exported.
        to: A key of `TARGETS`.
        path: File, or folder of `timm`; by default named after the network, in the working directory.
        replace_files: Whether to write over what is there.

    Raises:
        ModernizeError: If the target has no such network, a package is missing, files are there already, or what was
            written does not give the same logits.
    """
    if to not in TARGETS:
        raise unknown_name("target", to, TARGETS)
    target = TARGETS[to]
    for package in target.needs:
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise ModernizeError(f"{to} needs {error.name}: pip install 'modernize-convnext[export]'.") from error
    path = path or Path(f"{_slug(classifier)}{target.suffix or '-timm'}")
    folder = path.parent if target.suffix else path
    card = path.with_suffix(".md") if target.suffix else path / "README.md"
    about = FACTS(classifier) | {"exported_to": to}
    description = replace(classifier.description, about=about)
    files = target.write(classifier, description, path.name)
    for name in (*files, card.name):
        refuse_existing(folder / name, replace=replace_files)
    with TemporaryDirectory() as scratch:
        for name, data in files.items():
            (Path(scratch) / name).write_bytes(data)
        there = Path(scratch) / path.name if target.suffix else Path(scratch)
        difference = _difference(classifier, target.read(there, classifier))
    if not difference <= TOLERANCE:
        raise ModernizeError(f"{classifier.name} gives other logits as {to} (by {difference:.0e}); nothing was written.")
    for name, data in files.items():
        write_atomically(folder / name, data)
    usage = target.usage.format(path=path.name, **_names_in_usage(classifier, to))
    write_atomically(card, model_card(classifier, about, usage))
    return Exported(path=path, card=card, largest_difference=difference)


def _slug(classifier: Classifier) -> str:
    if classifier.record:
        return f"{classifier.record.entry.name}-{classifier.record.run_id[:8]}"
    name = Path(classifier.name.partition("?")[0]).name
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)


def _difference(classifier: Classifier, read: Logits) -> float:
    """Compare logits of two random images, which also shows that a batch may be of any size."""
    size = classifier.description.preprocessing.image_size
    images_nchw = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    expected = classifier.logits(images_nchw)
    with torch.inference_mode():
        got = read(images_nchw)
    return float((got - expected).abs().max() / expected.abs().max().clamp(min=1.0))


def _plain(classifier: Classifier) -> nn.Module:
    """Return the network without our own formulations of convolutions, which exporters need not follow."""
    model = classifier.description.model
    if not isinstance(model, Arch):
        return classifier.network
    model = replace(model, num_classes=len(classifier.description.class_names))
    network = Network(spec_of(model, Recipe()), "plain")
    network.load_state_dict(classifier.network.state_dict())
    return network.eval()


def _one_image(classifier: Classifier) -> Tensor:
    size = classifier.description.preprocessing.image_size
    return torch.zeros(2, 3, size, size)


def _safetensors(classifier: Classifier, description: Description, name: str) -> Files:
    return {name: save(contiguous(classifier.network.state_dict()), description.to_metadata())}


def _read_safetensors(path: Path, _: Classifier) -> Logits:
    return load_classifier(str(path)).logits


def _torchvision(classifier: Classifier, description: Description, name: str) -> Files:
    theirs = counterpart(description.model, "torchvision")
    state = state_for(_sized(description), classifier.network.state_dict(), "torchvision")
    return {name: save(contiguous(state), replace(description, model=theirs).to_metadata())}


def _read_torchvision(path: Path, classifier: Classifier) -> Logits:
    network = _of_library(classifier, "torchvision")
    network.load_state_dict(load_file(path))
    return network.eval()


def _sized(description: Description) -> Any:
    model = description.model
    return replace(model, num_classes=len(description.class_names)) if isinstance(model, Arch) else model


def _of_library(classifier: Classifier, library: Any) -> nn.Module:
    d = classifier.description
    size = {"num_classes": len(d.class_names), "image_size": d.preprocessing.image_size}
    return build_external(counterpart(d.model, library), **size)


def _timm(classifier: Classifier, description: Description, _: str) -> Files:
    from timm.models import save_for_hf

    theirs, p = counterpart(description.model, "timm"), description.preprocessing
    network: Any = _of_library(classifier, "timm")
    network.load_state_dict(state_for(_sized(description), classifier.network.state_dict(), "timm"))
    network.pretrained_cfg = network.default_cfg = network.pretrained_cfg | {
        "mean": tuple(value / 255 for value in p.mean),
        "std": tuple(value / 255 for value in p.std),
        "input_size": (3, p.image_size, p.image_size),
        "crop_pct": p.crop_ratio,
        "crop_mode": p.crop_mode,
        "interpolation": p.interpolation,
    }
    config = {"label_names": description.class_names, "modernize": dict(description.about)}
    with TemporaryDirectory() as scratch:
        options = {"model_config": config, "model_args": dict(theirs.options), "safe_serialization": True}
        save_for_hf(network.to(memory_format=torch.contiguous_format), scratch, **options)
        return {name: (Path(scratch) / name).read_bytes() for name in ("model.safetensors", "config.json")}


def _read_timm(path: Path, _: Classifier) -> Logits:
    import timm

    network: nn.Module = timm.create_model(f"local-dir:{path}", pretrained=True)
    return network.eval()


def _onnx(classifier: Classifier, description: Description, name: str) -> Files:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own insides
        program: Any = torch.onnx.export(
            _plain(classifier),
            (_one_image(classifier),),
            dynamo=True,
            verbose=False,
            input_names=["images_nchw"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    proto = program.model_proto
    for key, text in description.to_metadata().items():
        proto.metadata_props.add(key=key, value=text)
    return {name: proto.SerializeToString()}


def _read_onnx(path: Path, _: Classifier) -> Logits:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images_nchw: torch.from_numpy(session.run(None, {"images_nchw": images_nchw.numpy()})[0])


def _torchscript(classifier: Classifier, description: Description, name: str) -> Files:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is to be given up one day
        traced = torch.jit.trace(_plain(classifier), _one_image(classifier))
        torch.jit.save(traced, file, _extra_files=description.to_metadata())
    return {name: file.getvalue()}


def _read_torchscript(path: Path, _: Classifier) -> Logits:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded: Logits = torch.jit.load(path)
    return loaded


def _names_in_usage(classifier: Classifier, to: str) -> dict[str, object]:
    if to != "torchvision":
        return {}
    theirs = counterpart(classifier.description.model, "torchvision")
    options = "".join(f", {key}={value!r}" for key, value in theirs.options)
    return {"name": theirs.name, "options": options, "classes": len(classifier.description.class_names)}


TARGETS = {
    "safetensors": Target(
        about="weights of modernize",
        suffix=".safetensors",
        write=_safetensors,
        read=_read_safetensors,
        usage="modernize predict photo.jpg --model {path}",
    ),
    "timm": Target(
        about="a folder for timm.create_model",
        suffix="",
        write=_timm,
        read=_read_timm,
        usage='network = timm.create_model("local-dir:{path}", pretrained=True)',
    ),
    "torchvision": Target(
        about="a state dict of torchvision's",
        suffix=".safetensors",
        write=_torchvision,
        read=_read_torchvision,
        usage='network = torchvision.models.get_model("{name}", num_classes={classes}{options})\n'
        'network.load_state_dict(safetensors.torch.load_file("{path}"))',
    ),
    "onnx": Target(
        about="for onnxruntime and others",
        suffix=".onnx",
        write=_onnx,
        read=_read_onnx,
        usage='session = onnxruntime.InferenceSession("{path}")\n'
        'logits = session.run(None, {{"images_nchw": images_nchw}})[0]',
        needs=("onnx", "onnxscript", "onnxruntime"),
    ),
    "torchscript": Target(
        about="for torch without Python",
        suffix=".pt",
        write=_torchscript,
        read=_read_torchscript,
        usage='extra = {{"modernize": ""}}\nnetwork = torch.jit.load("{path}", _extra_files=extra)',
    ),
}
"""What a network can be exported to, by the name of the option."""
