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

from modernize.errors import ModernizeError, unknown_name
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
        suffix: Of the file; "" for a folder.
        write: Gives the files by name, the first of them the network's.
        read: Loads the network from them as their users do.
        usage: Says how, given the name of the file or folder.
        needs: Package of the extra `export` that writing takes.
    """

    suffix: str
    write: Callable[[Classifier, Description, str], Files]
    read: Callable[[Path, Classifier], Logits]
    usage: Callable[[str, Classifier], str]
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


def export(
    classifier: Classifier,
    to: str,
    path: Path | None,
    card: Callable[[str, Description], str],
    *,
    overwrite: bool = False,
) -> Exported:
    """Write a network for use elsewhere, with a model card beside it.

    Args:
        classifier: What is exported.
        to: A key of `TARGETS`.
        path: File, or folder of `timm`; by default named after the network, in the working directory.
        card: Writes the model card, given how the file is loaded and what it says of itself.
        overwrite: Whether to write over what is there.

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
    path = path or Path(f"{classifier.slug}-{to}{target.suffix}")
    folder, beside = (path.parent, path.with_suffix(".md")) if target.suffix else (path, path / "README.md")
    description = replace(classifier.description, about=_facts(classifier))
    try:
        files = target.write(classifier, description, path.name)
    except ModernizeError as error:
        raise ModernizeError(f"{error} Any network goes to safetensors, onnx and torchscript.") from error
    for place in (*(folder / name for name in files), beside):
        refuse_existing(place, replace=overwrite)
    with TemporaryDirectory() as scratch:
        for name, data in files.items():
            (Path(scratch) / name).write_bytes(data)
        there = Path(scratch) / path.name if target.suffix else Path(scratch)
        difference = _difference(classifier, target.read(there, classifier))
    if not difference <= TOLERANCE:
        raise ModernizeError(
            f"{classifier.name} gives other logits as {to} (by {difference:.0e}); nothing was written."
        )
    for name, data in files.items():
        write_atomically(folder / name, data)
    write_atomically(beside, card(target.usage(path.name, classifier), description))
    return Exported(path=path, card=beside, largest_difference=difference)


def _facts(classifier: Classifier) -> dict[str, Any]:
    """Return what is known of a network's origin, plain."""
    record = classifier.record
    if not record:
        return {**classifier.description.about, "weights": classifier.weights}
    return {
        "run": record.run_id,
        "entry": record.entry.name,
        "data": record.data.name,
        "seed": record.seed,
        "epochs": record.budget.epochs,
        "metrics": record.result.metrics,
        "commit": record.commit,
    }


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


def _images(classifier: Classifier) -> Tensor:
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
        network = network.to(memory_format=torch.contiguous_format)
        save_for_hf(network, scratch, config, dict(theirs.options), safe_serialization=True)
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
            (_images(classifier),),
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
        jit: Any = torch.jit
        jit.save(jit.trace(_plain(classifier), _images(classifier)), file, _extra_files=description.to_metadata())
    return {name: file.getvalue()}


def _read_torchscript(path: Path, _: Classifier) -> Logits:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jit: Any = torch.jit
        loaded: Logits = jit.load(path)
    return loaded


def _use_torchvision(name: str, classifier: Classifier) -> str:
    theirs = counterpart(classifier.description.model, "torchvision")
    options = "".join(f", {key}={value!r}" for key, value in theirs.options)
    made = f'"{theirs.name}", num_classes={len(classifier.description.class_names)}{options}'
    return (
        f"network = torchvision.models.get_model({made})\n"
        f'network.load_state_dict(safetensors.torch.load_file("{name}"))'
    )


_ONNX = """session = onnxruntime.InferenceSession("{0}")
logits = session.run(None, {{"images_nchw": images_nchw}})[0]"""
_TORCHSCRIPT = """said = {{"modernize": ""}}
network = torch.jit.load("{0}", _extra_files=said)"""

TARGETS = {
    "safetensors": Target(
        suffix=".safetensors",
        write=_safetensors,
        read=_read_safetensors,
        usage=lambda name, _: f"modernize predict photo.jpg --model {name}",
    ),
    "timm": Target(
        suffix="",
        write=_timm,
        read=_read_timm,
        usage=lambda name, _: f'network = timm.create_model("local-dir:{name}", pretrained=True)',
    ),
    "torchvision": Target(suffix=".safetensors", write=_torchvision, read=_read_torchvision, usage=_use_torchvision),
    "onnx": Target(
        suffix=".onnx",
        write=_onnx,
        read=_read_onnx,
        usage=lambda name, _: _ONNX.format(name),
        needs=("onnx", "onnxscript", "onnxruntime"),
    ),
    "torchscript": Target(
        suffix=".pt", write=_torchscript, read=_read_torchscript, usage=lambda name, _: _TORCHSCRIPT.format(name)
    ),
}
"""What a network can be exported to, by the name of the option."""
