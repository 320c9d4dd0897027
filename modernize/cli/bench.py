"""`modernize bench`: what networks cost in practice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli import options as shared
from modernize.cli.choose import spec_named, split_names, start_of
from modernize.cli.console import note, say, say_json, say_prose, say_table
from modernize.cli.layout import Column
from modernize.cli.options import among, argument, complete_rung, examples, option
from modernize.errors import ModernizeError, unknown_name
from modernize.external import LIBRARIES, parse_external
from modernize.families import FAMILIES
from modernize.ladder import ladder
from modernize.path import DEFAULT_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modernize.external import External
    from modernize.results.speeds import Setting, SpeedSet, Timing
    from modernize.spec import Spec

EXAMPLES = examples(
    "modernize bench --regime resnet50 --baseline timm:resnet50 --precision fp32,bf16 --compile off,on",
    "modernize bench --formulations --layout channels-last",
)
SMALL_IMAGE = 64
BATCHES = {"cpu": (64, 8), "cuda": (512, 128)}
"""Images of a pass, up to `SMALL_IMAGE` pixels and above."""

SWITCH = {"off": False, "on": True}
LAYOUTS = ("channels-last", "nchw")
PRECISIONS = ("fp32", "bf16", "fp16")
WORKS = ("forward", "training", "latency")


def bench(
    names: Annotated[
        list[str] | None,
        argument("NAME", "Steps, base, models such as convnext-t, timm:NAME; the ladder by default.", complete_rung),
    ] = None,
    formulations: Annotated[
        bool, option("--formulations", "Ways of writing LayerNorm and depthwise convolution instead.")
    ] = False,
    baseline: Annotated[
        list[str] | None,
        option("--baseline", "Also a network of timm or torchvision. Repeatable.", "LIBRARY:NAME", default=False),
    ] = None,
    regime: shared.Regime = "laptop",
    path: shared.OnPath = DEFAULT_PATH,
    upto: shared.Upto = "",
    start: shared.Start = "",
    skip: shared.Skip = "",
    only: shared.Only = "",
    image_size: shared.ImageSize = None,
    device: Annotated[
        str, option("--device", "cpu, cuda or cuda:1; auto takes a GPU where there is one.", "NAME")
    ] = "auto",
    precision: Annotated[
        str,
        option(
            "--precision", "Of fp32, bf16 and fp16.", "P,...", among(*PRECISIONS), default="fp32; on a GPU also bf16"
        ),
    ] = "",
    layout: Annotated[
        str, option("--layout", "Of channels-last and nchw.", "L,...", among(*LAYOUTS))
    ] = "channels-last,nchw",
    compile: Annotated[  # noqa: A002 - the option's name
        str, option("--compile", "torch.compile: off, on, or off,on.", "S,...", among(*SWITCH))
    ] = "off",
    work: Annotated[
        str, option("--work", "Of forward, training and latency (one image).", "W,...", among(*WORKS))
    ] = "forward,training,latency",
    batch: Annotated[
        int | None, option("--batch", "Images of a pass.", "N", min=1, default="by device and image size")
    ] = None,
    repeats: Annotated[int, option("--repeats", "Timed passes of each.", "N", min=1)] = 15,
    threads: Annotated[int | None, option("--threads", "Of a processor.", "N", min=1, default="all cores")] = None,
    quick: Annotated[bool, option("--quick", "Two passes of two images: whether it runs, not how fast.")] = False,
    name: Annotated[str, option("--name", "What files of it are called.", "NAME", default="what is timed")] = "",
    again: Annotated[
        Path | None,
        option("--again", "Measure nothing: show this measurement, and write its page.", "FILE", default=False),
    ] = None,
    formats: Annotated[
        str, option("--format", "Files to write: of md, html, latex, csv and json, separated by commas.", "F,...")
    ] = "md",
    out: Annotated[
        Path, option("--out", "Folder that holds bench/ and reports/.", "DIR", default="this folder")
    ] = Path(),
    json: shared.Json = False,
) -> None:
    """Measure what networks cost in practice: forward and training images/s, latency of one image, memory.

    All are timed in turn, pass by pass, in each setting of precision, memory layout and compilation; what a device does
    not take is a row that says why. Ctrl-C keeps what is measured. A file under bench/ has every single time; a page
    under reports/ sets counted MACs against speed.
    """
    from modernize.results.speeds import load_speeds

    if again:
        _show(load_speeds(again), out, formats, json=json)
        return
    from modernize.analysis.formulations import formulations as ways_of
    from modernize.analysis.speed import grid, measure_speeds, networks
    from modernize.report.write import check_formats
    from modernize.results.files import check_writable
    from modernize.results.speeds import SpeedSet, save_speeds
    from modernize.run.environment import commit, device_name, hardware, num_cores, versions
    from modernize.train.runtime import Runtime

    check_formats(split_names(formats))
    base = start_of(regime)
    selected = {"path": path, "upto": upto, "start": start, "skip": split_names(skip), "only": split_names(only)}
    chosen = _chosen(names or [], baseline or [], base, selected)
    size = image_size or (224 if any(each in FAMILIES for each in names or []) else base.regime.image_size)
    device = _device(device)
    kind = device.partition(":")[0]
    images = 2 if quick else batch or BATCHES[kind][size > SMALL_IMAGE]
    works = _of("work", work, WORKS)
    check_writable(out / "bench")
    if formulations:
        last = ladder(base, **selected)[-1].spec  # type: ignore[arg-type]
        candidates = ways_of(last, size, images, works)  # type: ignore[arg-type]
    else:
        classes = max([spec.arch.num_classes for _, spec in chosen.values() if hasattr(spec, "arch")], default=1000)
        candidates = networks(chosen, num_classes=classes, image_size=size, batch_size=images, works=works)  # type: ignore[arg-type, assignment]
    precisions = _of("precision", precision or ("fp32" if kind == "cpu" else "fp32,bf16"), PRECISIONS)
    layouts = ("own",) if formulations else _of("layout", layout, LAYOUTS)
    compiled = [SWITCH[each] for each in _of("compile", compile, tuple(SWITCH))]
    settings = grid(device, precisions, layouts, compiled)  # type: ignore[arg-type]
    num_threads = threads or num_cores()
    called = name or ("formulations" if formulations else "networks" if names else regime)
    found = SpeedSet(
        name=called,
        image_size=size,
        hardware=hardware(num_threads, device_name(Runtime(device=device))),
        versions=versions(cuda=kind == "cuda"),
        commit=commit(),
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        complete=False,
        timings=(),
    )

    def begin(setting: Setting) -> None:
        note(f"{settings.index(setting) + 1} of {len(settings)}: {setting.words}, {len(candidates)} entries")

    def keep(timings: Sequence[Timing]) -> None:
        nonlocal found
        found = _with(found, timings, len(settings))
        saved = save_speeds(found, out / "bench")
        if not found.complete:
            note(f"kept in {saved}")

    measure_speeds(
        candidates, settings, repeats=2 if quick else repeats, num_threads=num_threads, begin=begin, keep=keep
    )
    _show(found, out, formats, json=json)
    if not any(timing.seconds for timing in found.timings):
        raise ModernizeError("nothing could be timed; the table says why.")


def _chosen(
    names: Sequence[str], baselines: Sequence[str], base: Spec, selected: Mapping[str, object]
) -> dict[str, tuple[str, Spec | External]]:
    """Return what is timed, by name: its role and the network."""
    if names and any(value for option, value in selected.items() if (option, value) != ("path", DEFAULT_PATH)):
        raise ModernizeError("name networks or select a ladder (--path, --upto, --start, --skip, --only), not both.")
    found: dict[str, tuple[str, Spec | External]] = {}
    for each in names:
        if each.partition(":")[0] in LIBRARIES:
            external = parse_external(each)
            found[str(external)] = ("baseline", external)
        else:
            found[each] = ("network" if each in FAMILIES else "rung", spec_named(each, base))
    if not names:
        found = {rung.step: ("rung", rung.spec) for rung in ladder(base, **selected)}  # type: ignore[arg-type]
    return found | {str(external): ("baseline", external) for external in map(parse_external, baselines)}


def _of(flag: str, given: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Read a list of names of an option."""
    chosen = split_names(given)
    for each in chosen:
        if each not in allowed:
            raise unknown_name(f"--{flag}", each, allowed)
    if not chosen:
        raise ModernizeError(f"--{flag} names nothing; it takes {', '.join(allowed)}.")
    return tuple(dict.fromkeys(chosen))


def _device(given: str) -> str:
    from modernize.run.devices import find_gpus

    if given == "auto":
        return "cuda" if find_gpus().gpus else "cpu"
    if given.partition(":")[0] not in BATCHES:
        raise unknown_name("device", given, ("auto", *BATCHES))
    if given != "cpu" and not find_gpus().gpus:
        raise ModernizeError(f"there is no GPU for --device {given}: {find_gpus().why_none}.")
    return given


def _with(found: SpeedSet, timings: Sequence[Timing], num_settings: int) -> SpeedSet:
    """Return a measurement with what was timed so far."""
    from dataclasses import replace

    interrupted = any("interrupted" in timing.why_not for timing in timings)
    done = len({timing.setting for timing in timings}) == num_settings and not interrupted
    return replace(found, timings=tuple(timings), complete=done)


def _show(found: SpeedSet, out: Path, formats: str, *, json: bool) -> None:
    from modernize.report.speed_page import TITLE, failed_table, machine, speed_rows, speed_table, write_speed

    written = write_speed(found, out / "reports", split_names(formats))
    if json:
        say_json({"name": found.file_name, "image_size": found.image_size, "rows": speed_rows(found)})
        return
    say(TITLE, "bold")
    tables = [speed_table(found, setting) for setting in found.settings]
    for shown in [*tables, failed_table(found)]:
        if shown.rows:
            say()
            say_prose("", shown.caption)
            heads = [Column(column.name, right=column.number) for column in shown.columns]
            say_table(heads, [[cell.text for cell in row] for row in shown.rows])
    say()
    for label, text in machine(found):
        say_prose(label, text, indent=14, style="dim")
    for path in (out / "bench" / f"{found.file_name}.json", *written):
        say(str(path))
