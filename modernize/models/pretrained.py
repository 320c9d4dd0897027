"""The weights that timm and torchvision publish, by those libraries' own loading code and from their own caches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from modernize.errors import MissingDataError, ModernizeError, one_line, unknown_name
from modernize.external import External
from modernize.models.libraries import ONE_HEAD, on_meta
from modernize.nn.pairing import check_torch_pair

IMAGENET_CLASSES = 1000


def build_pretrained(external: External, weights: str = "", *, download: bool = False) -> nn.Module:
    """Build a network of another library with weights that the library publishes.

    Args:
        external: Which network.
        weights: What the library calls them, for example "IMAGENET1K_V2" or "in12k_ft_in1k"; "" for its default.
        download: Whether the library may fetch what is not in its cache.

    Raises:
        ModernizeError: If there are no such weights, or they are not here; the message says which file is missing, and
            where it belongs.
    """
    check_torch_pair()
    build = _of_timm if external.library == "timm" else _of_torchvision
    return build(external, weights, download=download)


def pretrained_file(external: External, *, download: bool = False) -> Path:
    """Return the file of the weights that a library publishes for a network, those that it takes by default.

    Args:
        external: Which network.
        download: Whether the library may fetch it.

    Raises:
        ModernizeError: As `build_pretrained`.
    """
    check_torch_pair()
    path = _default_file(external)
    if path is None or not path.exists():
        build_pretrained(external, download=download)
        path = _default_file(external)
    if path is None:
        raise ModernizeError(f"the weights of {external} are in no file that is known here: name one by --weights.")
    return path


def _default_file(external: External) -> Path | None:
    """Say where a library keeps its default weights of a network; None where it has none, or keeps none yet."""
    if external.library == "timm":
        import timm

        cfg = timm.get_pretrained_cfg(external.name)
        return _cached(cfg) if cfg else None
    from torchvision import models

    return (
        _hub_file(models.get_model_weights(external.name).DEFAULT.url)
        if external.name in models.list_models(module=models)
        else None
    )


def class_names_of(external: External, weights: str, num_classes: int) -> tuple[str, ...]:
    """Return the names of the classes that a library's weights tell apart, or numbers where it names none."""
    numbers = tuple(map(str, range(num_classes)))
    if external.library == "timm":
        return imagenet_names(num_classes)
    from torchvision import models

    names = tuple(models.get_model_weights(external.name)[weights or "DEFAULT"].meta["categories"])
    return names if len(names) == num_classes else numbers


def imagenet_names(num_classes: int) -> tuple[str, ...]:
    """Return the names of ImageNet's classes, of that part of it which has so many; numbers where none has."""
    from timm.data import ImageNetInfo, infer_imagenet_subset  # type: ignore[attr-defined]

    subset = infer_imagenet_subset({"num_classes": num_classes})
    if not subset:
        return tuple(map(str, range(num_classes)))
    return tuple(name.partition(",")[0] for name in ImageNetInfo(subset).label_descriptions())


def _of_timm(external: External, weights: str, *, download: bool) -> nn.Module:
    import timm

    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{external.name}.*")]
    if not known:
        on_meta(external, num_classes=IMAGENET_CLASSES, image_size=224)  # a name that is no model's is told so
        raise ModernizeError(f"timm has no weights for {external.name}: give a file of them with --weights.")
    if weights and weights not in known:
        raise unknown_name(f"weights of timm:{external.name}", weights, known)
    name = f"{external.name}.{weights}" if weights else external.name
    cfg: Any = timm.get_pretrained_cfg(name)
    file = f"{cfg.hf_hub_filename or 'model.safetensors'} of {cfg.hf_hub_id}" if cfg.hf_hub_id else _hub_file(cfg.url)
    cached = _cached(cfg)
    options: dict[str, Any] = dict(external.options)
    if cached:  # or it would look for a newer one, and wait where there is no network
        options["pretrained_cfg_overlay"] = {"file": str(cached)}
    anywhere = ", or anywhere if --weights names it" if str(file).partition(" ")[0].endswith(".safetensors") else ""
    where = f"{file} belongs in its cache{anywhere}"
    return _loaded(external, cached is not None or download, where, timm.create_model, name, pretrained=True, **options)


def _cached(cfg: Any) -> Path | None:
    """Find the file of timm's weights in the cache that timm would put it in."""
    from huggingface_hub import try_to_load_from_cache

    if not cfg.hf_hub_id:
        path = _hub_file(cfg.url)
        return path if path.exists() else None
    names = [cfg.hf_hub_filename] if cfg.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
    found = (try_to_load_from_cache(cfg.hf_hub_id, name) for name in names)
    return next((Path(path) for path in found if isinstance(path, str)), None)


def _of_torchvision(external: External, weights: str, *, download: bool) -> nn.Module:
    from torchvision import models

    if external.name not in models.list_models(module=models):
        on_meta(external, num_classes=IMAGENET_CLASSES, image_size=224)
    kinds = models.get_model_weights(external.name)
    if weights and weights not in kinds.__members__:
        raise unknown_name(f"weights of torchvision:{external.name}", weights, kinds.__members__)
    chosen = kinds[weights or "DEFAULT"]
    options: dict[str, Any] = {**ONE_HEAD.get(external.name, {}), **dict(external.options)}
    options.pop("init_weights", None)
    path = _hub_file(chosen.url)
    return _loaded(
        external, path.exists() or download, f"they belong in {path}", models.get_model, external.name,
        weights=chosen, **options,
    )  # fmt: skip


def _hub_file(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def _loaded(external: External, here: bool, where: str, build: Any, name: str, **options: Any) -> nn.Module:
    """Have a library build a network with its weights, and say in one line what is missing."""
    if not here:
        raise MissingDataError(f"the weights of {external} are not here: {where}; --download fetches them.")
    try:
        network: nn.Module = build(name, **options)
    except Exception as error:
        raise ModernizeError(
            f"the weights of {external} could not be loaded ({one_line(error)[:200]}); {where}."
        ) from error
    return network
