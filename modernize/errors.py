"""Errors that a user can mend, and the near-name hint they carry."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable

FAILURE = 1
WRONG_USAGE = 2
SOME_RUNS_FAILED = 3
NO_RESULTS = 4
DISK_FULL = 5
INTERRUPTED = 130
TERMINATED = 143
EXIT_CODES = {
    0: "done",
    FAILURE: "a failure inside",
    WRONG_USAGE: "wrong usage, configuration or input",
    SOME_RUNS_FAILED: "some runs failed",
    NO_RESULTS: "there are no results to report",
    DISK_FULL: "the disk is full, broken or read-only",
    INTERRUPTED: "interrupted (Ctrl-C)",
    TERMINATED: "terminated (SIGTERM)",
}
"""Every exit code of the command line, and what it says."""

DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR)
"""What the system says of a path that is not to be used, wherever it comes from."""


class ModernizeError(Exception):
    """One clear line for the user: what was wrong and what is allowed.

    The command line prints it without a traceback and exits with `exit_code`.
    """

    exit_code = WRONG_USAGE


class DataError(ModernizeError):
    """A data set that is missing, empty, corrupt or mislabelled."""


class NotHereError(ModernizeError):
    """Hardware that another machine may have: a plan can do without it."""


class MissingDataError(DataError, NotHereError):
    """A known data set that does not lie here, but may lie elsewhere."""


class MissingResultsError(ModernizeError):
    """A report was asked for where no record lies."""

    exit_code = NO_RESULTS


class DiskError(ModernizeError):
    """A disk that is full, broken or read-only: nothing that other words on the command line would mend."""

    exit_code = DISK_FULL


def unusable(error: OSError, what: str) -> ModernizeError:
    """Build the error for a file that cannot be used.

    Args:
        error: What the system said.
        what: What could not be done, for example "a.json cannot be written".
    """
    kind = DiskError if error.errno in DISK_ERRNOS else ModernizeError
    return kind(f"{what}: {error.strerror or error}.")


def one_line(error: BaseException) -> str:
    """Give an error that is not ours in one line, without its full stop."""
    kind = "" if isinstance(error, ModernizeError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split()).rstrip(".:")


WARNING = "warning: "
"""How a line begins that says what was left out."""


def warn(line: str) -> None:
    """Say in one line on stderr what was left out; the command goes on."""
    if sys.stderr:
        sys.stderr.write(f"{WARNING}{line}\n")


def need_pycocotools(what: str) -> None:
    """Refuse what takes pycocotools where it is missing.

    Raises:
        ModernizeError: With what to install.
    """
    from importlib.util import find_spec

    if find_spec("pycocotools") is None:
        raise ModernizeError(
            f"{what} takes pycocotools, which is not installed: pip install 'modernize-convnext[detection]'."
        )


SYNONYMS = {
    **dict.fromkeys(("learning_rate", "learningrate", "base_lr", "peak_lr", "lr0"), "lr"),
    **dict.fromkeys(("wd", "l2", "decay"), "weight_decay"),
    **dict.fromkeys(("bs", "batch", "batchsize", "bsz"), "batch_size"),
    **dict.fromkeys(("num_epochs", "max_epochs", "n_epochs", "epoch"), "epochs"),
    **dict.fromkeys(("warmup", "num_warmup_epochs"), "warmup_epochs"),
    **dict.fromkeys(("drop_path", "drop_path_rate", "dropout", "drop_rate"), "stochastic_depth"),
    **dict.fromkeys(("aa", "auto_augment", "autoaugment", "randaug", "ra"), "rand_augment"),
    **dict.fromkeys(("reprob", "erasing", "cutout"), "random_erasing"),
    **dict.fromkeys(("smoothing", "ls"), "label_smoothing"),
    **dict.fromkeys(("clip_grad", "grad_clip", "max_grad_norm", "clip"), "clip_grad_norm"),
    **dict.fromkeys(("ema", "model_ema", "model_ema_decay"), "ema_decay"),
    **dict.fromkeys(("opt", "optim"), "optimizer"),
    **dict.fromkeys(("sched", "scheduler", "lr_schedule"), "schedule"),
    **dict.fromkeys(("flip", "hflip"), "horizontal_flip"),
    **dict.fromkeys(("crop_pct", "crop"), "eval_crop_ratio"),
    **dict.fromkeys(("dim", "dims", "channels", "planes"), "width"),
    **dict.fromkeys(("layers", "blocks", "depth"), "depths"),
    **dict.fromkeys(("act", "nonlinearity"), "activation"),
    **dict.fromkeys(("normalization", "norm_layer"), "norm"),
    **dict.fromkeys(("ls_init", "ls_init_value", "layerscale"), "layer_scale_init"),
    **dict.fromkeys(("kernel", "ks"), "kernel_size"),
    **dict.fromkeys(("num_seeds", "seed"), "seeds"),
    **dict.fromkeys(("dataset", "data_set"), "data"),
    **dict.fromkeys(("num_workers", "workers"), "decode_workers"),
    **dict.fromkeys(("img_size", "resolution", "input_size"), "image_size"),
}
"""What other projects call things, and what they are called here."""


def hint(name: str, allowed: Iterable[str]) -> str:
    """Ask whether the nearest allowed name was meant; "" where none is near.

    Dotted names are compared by their last part.
    """
    from difflib import get_close_matches

    shorts = {full.rpartition(".")[2]: full for full in allowed}
    short = str(name)[:100].rpartition(".")[2].lower()
    synonym = SYNONYMS.get(short.replace("-", "_"))
    near = [synonym] if synonym in shorts else get_close_matches(short, shorts, n=1, cutoff=0.6)
    return f" Did you mean '{shorts[near[0]]}'?" if near else ""


def shown(value: object) -> str:
    """Give a value as an error names it, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list without end
        return "what is there"
    return text if len(text) <= 80 else f"{text[:76]}..."


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> ModernizeError:
    """Build the error for a name that is not in `allowed`.

    Args:
        kind: What the name should have been, for example "step".
        name: What the user wrote.
        allowed: Every name that would have been accepted.

    Returns:
        An error whose message names the nearest allowed name, if one is near, and all of them.
    """
    names = list(allowed)
    allowed_names = ", ".join(names) or "none"
    return ModernizeError(f"unknown {kind} '{str(name)[:100]}'.{hint(name, names)} Allowed: {allowed_names}.")
