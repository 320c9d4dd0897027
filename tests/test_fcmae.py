"""Masked reconstruction: nothing of what is hidden reaches what is seen, and what is hidden is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from test_train import bars
from torch import Tensor, nn

from modernize.datasets.resident import ResidentFeed
from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.ladder import ladder
from modernize.nn.layers import GRN, LayerScale
from modernize.nn.network import build
from modernize.objectives.masking import MaskedAutoencoder, Over, draw_hidden, masked_features
from modernize.objectives.reconstruction import MaskedReconstruction, normalised_patches
from modernize.spec import Recipe, Spec
from modernize.train.loop import train

RECIPE = Recipe(
    objective="masked-reconstruction",
    optimizer="adamw",
    lr=4e-3,
    schedule="cosine",
    epochs=6,
    batch_size=16,
    random_resized_crop=False,
    layer_scale_init=0.5,
)


def spec(*, grn: bool) -> Spec:
    """Two stages at 32 px: 4 x 4 patches of 8 px, hidden and seen ones next to each other."""
    end = ladder("laptop")[-1].spec
    assert end.arch.downsampling == "separate"
    arch = replace(end.arch, depths=(1, 2), width=8, stem_stride=4, grn=grn, layer_scale=not grn, num_classes=4)
    return replace(end, arch=arch, recipe=RECIPE)


def encoder(*, grn: bool, over: Over = "image") -> MaskedAutoencoder:
    """Weights far from where they start: GRN is no identity, biases are not zero."""
    torch.manual_seed(0)
    network = MaskedAutoencoder(spec(grn=grn), image_size=32, over=over)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return network.eval().to(memory_format=torch.channels_last)


def images(count: int = 2) -> Tensor:
    drawn = torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return drawn.to(memory_format=torch.channels_last)


def hidden(count: int = 2) -> Tensor:
    return draw_hidden(count, 4, 0.6, torch.Generator().manual_seed(2))


def hidden_pixels(count: int = 2) -> Tensor:
    return hidden(count).repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None].expand(count, 3, 32, 32)


def outputs(network: MaskedAutoencoder, pictures: Tensor) -> list[Tensor]:
    """Every map that an operation of the encoder is given, and the last one."""
    seen: list[Tensor] = []
    hooks = [m.register_forward_pre_hook(lambda _, x: seen.append(x[0].clone())) for m in network.stages.modules()]
    seen.append(masked_features(network, pictures, hidden(len(pictures)), network.over))
    for hook in hooks:
        hook.remove()
    assert len(seen) > 10
    return seen


both = pytest.mark.parametrize("grn", [False, True], ids=["v1", "v2"])
everywhere = pytest.mark.parametrize("over", ["image", "batch"])


@both
@everywhere
@pytest.mark.parametrize("value", [1e4, float("nan")])
def test_changing_hidden_pixels_leaves_every_output_equal_bit_for_bit(grn, over, value):
    network = encoder(grn=grn, over=over)
    other = images().masked_fill(hidden_pixels(), value)
    for before, after in zip(outputs(network, images()), outputs(network, other), strict=True):
        assert torch.equal(before, after)


@both
@everywhere
def test_the_gradient_to_hidden_pixels_is_exactly_zero(grn, over):
    pictures = images().requires_grad_()
    masked_features(encoder(grn=grn, over=over), pictures, hidden(), over).square().sum().backward()
    assert pictures.grad is not None
    assert torch.equal(pictures.grad[hidden_pixels()], torch.zeros_like(pictures.grad[hidden_pixels()]))
    assert (pictures.grad[~hidden_pixels()] != 0).all()


Sites = dict[tuple[int, int], Tensor]
"""Channels by place: a sparse map, which has nothing where nothing is seen."""


def gathered(network: MaskedAutoencoder, picture: Tensor, unseen: Tensor) -> Sites:
    """Run the encoder on one image as a sparse network does, place by place."""
    sites: Sites = {(y, x): picture[:, y, x] for y in range(32) for x in range(32) if not unseen[y // 8, x // 8]}
    sites = along(network.stem, sites)
    for stage in network.stages.children():
        sites = along(stage.get_submodule("downsample"), sites)
        for block in stage.get_submodule("blocks").children():
            branch = along(block.get_submodule("branch"), sites)
            sites = {place: branch[place] + value for place, value in sites.items()}
    return sites


def along(modules: nn.Module, sites: Sites) -> Sites:
    for module in modules.children():
        sites = one(module, sites)
    return sites


def one(module: nn.Module, sites: Sites) -> Sites:
    def each(do: Callable[[Tensor], Tensor]) -> Sites:
        return {place: do(value) for place, value in sites.items()}

    if isinstance(module, nn.Conv2d):
        return convolved(module, sites)
    if isinstance(module, GRN):
        energy = torch.stack(list(sites.values())).norm(dim=0)
        share = energy / (energy.mean() + module.eps)
        return each(lambda v: module.weight * (v * share) + module.bias + v)
    if isinstance(module, LayerScale):
        return each(lambda v: v * module.weight)
    if isinstance(module, nn.GELU):
        return each(F.gelu)
    return each(lambda v: F.layer_norm(v, v.shape, module.weight, module.bias, module.eps))


def convolved(conv: nn.Conv2d, sites: Sites) -> Sites:
    size, stride, padding = conv.kernel_size[0], conv.stride[0], conv.padding[0]
    found = {}
    for place in {(y // stride, x // stride) for y, x in sites}:
        total = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.clone()
        for dy in range(size):
            for dx in range(size):
                near = place[0] * stride + dy - padding, place[1] * stride + dx - padding
                if near in sites:
                    weight = conv.weight[:, :, dy, dx]
                    total = total + (weight[:, 0] * sites[near] if conv.groups > 1 else weight @ sites[near])
        found[place] = total
    return found


@both
@torch.no_grad()
def test_outputs_where_it_sees_equal_a_brute_force_gather(grn):
    network, pictures, unseen = encoder(grn=grn), images(), hidden()
    maps = masked_features(network, pictures, unseen, "image")
    for picture, out, mask in zip(pictures, maps, unseen, strict=True):
        sites = gathered(network, picture, mask)
        assert sites.keys() == {(y, x) for y, x in (~mask).nonzero().tolist()}
        for (y, x), value in sites.items():
            torch.testing.assert_close(out[:, y, x], value, rtol=1e-4, atol=1e-4)
        assert not out[:, mask].any()


@torch.no_grad()
def test_grn_of_an_image_does_not_depend_on_the_other_images_unless_that_is_asked_for():
    pictures, unseen = images(3), hidden(3)
    changed = torch.cat([pictures[:1], 10 * pictures[1:]])
    same = {}
    for over in ("image", "batch"):
        maps = [masked_features(encoder(grn=True), each, unseen, over)[0] for each in (pictures, changed)]
        same[over] = torch.equal(*maps)
    assert same == {"image": True, "batch": False}


@both
@torch.no_grad()
def test_with_nothing_hidden_it_is_the_plain_network(grn):
    network = encoder(grn=grn)
    plain = build(spec(grn=grn)).eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    nothing = torch.zeros(2, 4, 4, dtype=torch.bool)
    same = masked_features(network, images(), nothing, "image")
    torch.testing.assert_close(same, plain.forward_features(images()), rtol=1e-5, atol=1e-5)


def test_as_many_patches_are_hidden_as_by_the_authors():
    """Their code sees int(49 * (1 - 0.6)) = 19 of 49 patches, in each image others."""
    masks = draw_hidden(8, 7, 0.6, torch.Generator().manual_seed(0))
    assert masks.sum(dim=(1, 2)).tolist() == [30] * 8
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == 8
    assert [int(draw_hidden(1, 2, ratio, torch.Generator()).sum()) for ratio in (0.01, 0.6, 0.99)] == [1, 3, 3]


def test_the_target_is_the_authors():
    """Each patch normalised by its own mean and variance (n - 1); a patch's numbers may stand in any order."""
    patches, mean, std = normalised_patches(images(), 8)
    n, p, h = 2, 8, 4
    theirs = images().reshape(n, 3, h, p, h, p).permute(0, 2, 4, 3, 5, 1).reshape(n, h * h, p * p * 3)
    theirs = (theirs - theirs.mean(dim=-1, keepdim=True)) / (theirs.var(dim=-1, keepdim=True) + 1e-6) ** 0.5
    ours = patches.flatten(2).transpose(1, 2)
    torch.testing.assert_close(ours.sort(dim=-1).values, theirs.sort(dim=-1).values)
    torch.testing.assert_close(F.pixel_shuffle(patches * std + mean, 8), images())


def objective(**changes) -> MaskedReconstruction:
    facts = {"num_classes": 4, "image_size": 32, "batch_size": 16, "seed": 0, **changes}
    return MaskedReconstruction(spec(grn=True), **facts)


def test_the_loss_is_of_hidden_patches_alone():
    each = objective()
    pictures, mask = each.prepare(images(), None, step=3)

    def forward(pictures, mask):
        wanted = normalised_patches(pictures, 8)[0]
        return torch.where(mask[:, None], wanted + 0.5, wanted + 100)

    assert float(each.loss(forward, pictures, mask)) == pytest.approx(0.25, rel=1e-4)


def test_masks_follow_seed_step_and_process():
    def drawn(step=0, **facts):
        return objective(**facts).prepare(images(8), None, step=step)[1]

    assert torch.equal(drawn(), drawn())
    for other in (drawn(step=1), drawn(seed=1), drawn(rank=1)):
        assert not torch.equal(drawn(), other)


@pytest.mark.parametrize("micro_batch", [0, 5])
@both
def test_it_learns_and_repeats(grn, micro_batch):
    from modernize.train.runtime import Runtime

    runtime = Runtime(micro_batch=micro_batch)
    outcome, again = (train(spec(grn=grn), bars(), seed=0, runtime=runtime) for _ in range(2))
    losses = outcome.curves.metrics["masked_loss"]
    assert losses[-1] < 0.95 * losses[0]
    assert outcome.result.metrics == {"masked_loss": losses[-1]}
    assert outcome.result.best == min(losses)
    assert (outcome.curves, outcome.result) == (again.curves, again.result)


def test_labels_are_not_looked_at():
    class Unlabelled(ResidentFeed):
        def train_batches(self, *args, **options):
            return ((pictures, None) for pictures, _ in super().train_batches(*args, **options))

        def eval_batches(self, *args):
            return ((pictures, None) for pictures, _ in super().eval_batches(*args))

    data, one = bars(), replace(spec(grn=True), recipe=replace(RECIPE, epochs=1))
    assert train(one, Unlabelled(data, RECIPE), seed=0).curves == train(one, data, seed=0).curves


def test_a_classifier_starts_from_its_encoder(tmp_path):
    from modernize.inference.classifier import load_classifier
    from modernize.train.state_dicts import fitting_weights

    before, after = spec(grn=True), replace(spec(grn=True), recipe=Recipe(epochs=1, batch_size=16))
    outcome = train(before, bars(), seed=0, keep=tmp_path)
    assert outcome.weights.file
    state = fitting_weights(tmp_path / outcome.weights.file, after, num_classes=4, image_size=32)
    missing, unexpected = build(after).load_state_dict(state, strict=False)
    assert unexpected == []
    assert {name.partition(".")[0] for name in missing} == {"head"}
    with pytest.raises(ModernizeError, match="is of masked pre-training and has no classifier: fine-tune from it"):
        load_classifier(str(tmp_path / outcome.weights.file))
    tuned = train(after, bars(), seed=0, weights=tmp_path / outcome.weights.file)
    assert tuned.curves.metrics["top1_percent"] != train(after, bars(), seed=0).curves.metrics["top1_percent"]


def test_what_cannot_be_masked_is_refused():
    resnet = replace(ladder("laptop")[0].spec, recipe=RECIPE)
    with pytest.raises(ModernizeError, match=r"takes networks with arch\.norm 'layer', not 'batch'"):
        train(resnet, bars(), seed=0)
    deep = replace(spec(grn=True), arch=replace(spec(grn=True).arch, depths=(1, 1, 1, 1)))
    with pytest.raises(ModernizeError, match="hides squares of 32 px here; images of 32 px are not two or more"):
        train(deep, bars(), seed=0)

    class Theirs:
        model, recipe = parse_external("timm:resnet18"), RECIPE

    with pytest.raises(ModernizeError, match="takes networks of this toolkit, not timm:resnet18"):
        MaskedReconstruction(Theirs(), num_classes=4, image_size=32, batch_size=4, seed=0)
