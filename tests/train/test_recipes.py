"""Recipes: every fault with its place and the nearest name, all together; the bundled ones say what the papers do."""

from dataclasses import replace
from pathlib import Path

import pytest

from archspec.datasets import Augmentation
from archspec.errors import UserError
from archspec.train import load_recipe, parse_recipe, recipe_names
from archspec.train._recipe import (
    BatchNorm,
    CacheFeatures,
    ClassWeights,
    LossTerm,
    Named,
    Stage,
    Validation,
    WarmUp,
    WeightDecay,
)

GOOD = """augmentation: {crop: [16, 24]}
batch_size: 2
steps: 6
learning_rate: 0.01
"""


def faults(text: str, *overrides: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_recipe(text, "test", file="r.yaml", overrides=overrides)
    return [str(fault) for fault in caught.value.faults]


# What is added to a good recipe in line 5, and what is said.
TABLE: list[tuple[str, str]] = [
    ("step: 3", "r.yaml:5:1: step: unknown key 'step'. Did you mean 'steps'?"),
    ("steps: 3", "r.yaml:5:1: duplicate key 'steps' (first on line 3). Remove one of the two"),
    ("epochs: 3", "r.yaml:5:1: both 'steps' and 'epochs' are written. Write one of them, such as steps: 400"),
    ("loss: cros_entropy", "r.yaml:5:7: loss: unknown loss 'cros_entropy'. Did you mean 'cross_entropy'?"),
    ("loss: 3", "r.yaml:5:7: loss: must be a loss (3). Write a loss such as cross_entropy"),
    (
        "loss: [{ohem: {fraction: 2}}]",
        "r.yaml:5:26: loss[0].ohem.fraction: must be at most 1 (2). Allowed: greater than 0 and at most 1",
    ),
    (
        "loss: [{dice: {}, wight: 2}]",
        "r.yaml:5:8: loss[0]: must be a loss ({dice: {}, wight: 2}). Write a loss such as cross_entropy",
    ),
    ("loss: {dice: 3}", "r.yaml:5:8: loss: the arguments of 'dice' must be a mapping. Write {dice: {…}}"),
    ("schedule: {poly: {powr: 2}}", "r.yaml:5:19: schedule.poly.powr: unknown argument 'powr'. Did you mean 'power'?"),
    ("schedule: {steps: {at: [1.5]}}",
     "r.yaml:5:25: schedule.steps.at[0]: must be less than 1 (1.5). Allowed: greater than 0 and less than 1"),
    ("optimizer: adan", "r.yaml:5:12: optimizer: unknown optimizer 'adan'. Did you mean 'adam'?"),
    ("optimizer: {adam: {beta1: 0.9}}",
     "r.yaml:5:20: optimizer.adam.beta1: unknown argument 'beta1'. Did you mean 'beta_1'?"),
    ("optimizer: {sgd: {learning_rate: 0.1}}",
     ("r.yaml:5:19: optimizer.sgd.learning_rate: 'learning_rate' is not an argument here. "
     "Write 'learning_rate' in the stage, beside 'optimizer'")),
    ("optimizer: adamw", ("r.yaml:5:1: optimizer: adamw without a weight decay. "
     "Write weight_decay: {decoupled: 0.004}, which is Keras's default")),
    ("weight_decay: {l2: 1, decoupled: 2}", ("r.yaml:5:15: weight_decay: a weight decay is either 'l2' or 'decoupled'. "
     "Write {l2: 4.0e-5}, or {decoupled: 0.004}")),
    ("weight_decay: {l2: 1.0e-4, on: convolution}",
     "r.yaml:5:32: weight_decay.on: not allowed ('convolution'). Did you mean 'convolutions'?"),
    ("class_weights: {inverse_log: 1}",
     "r.yaml:5:30: class_weights.inverse_log: must be greater than 1 (1). Allowed: greater than 1"),
    ("class_weights: [1, -1]", "r.yaml:5:20: class_weights[1]: must be at least 0 (-1). Allowed: at least 0"),
    ("ema: 1", "r.yaml:5:6: ema: must be less than 1 (1). Allowed: greater than 0 and less than 1"),
    ("mixed_precision: fp16", "r.yaml:5:18: mixed_precision: not allowed ('fp16'). One of: bfloat16, float16, none"),
    ("learning_rate_multipliers: {backbone: 0}",
     "r.yaml:5:39: learning_rate_multipliers.backbone: must be greater than 0 (0). Allowed: greater than 0"),
    ("cache_features: {views: 2}",
     "r.yaml:5:1: cache_features: only features of frozen sections can be cached. Write freeze: backbone"),
    ("validation: {evry: 3}", "r.yaml:5:14: validation.evry: unknown key 'evry'. Did you mean 'every'?"),
    ("warm_up: {learning_rate: 0.1}", "r.yaml:5:10: warm_up: missing key 'steps'. Write steps: 100"),
    ("stages: 3", "r.yaml:5:9: stages: must be a list of stages (3). Write - {steps: 100}"),
    ("stages: [3]", "r.yaml:5:10: stages[0]: must be a mapping (3). Write {steps: 100}"),
    ("stages: [{names: a}]", "r.yaml:5:11: stages[0].names: unknown key 'names'. Did you mean 'name'?"),
    ("ema: {choose: [0.9, 0.99]}", ("r.yaml:5:6: ema: must be a number or 'none' ({choose: [0.9, 0.99]}). "
     "Write 0.99 or 'none'")),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), TABLE)
def test_a_fault_has_its_place_and_the_nearest_name(line: str, said: str) -> None:
    assert faults(GOOD + line) == [said]


AUGMENTATIONS: list[tuple[str, str]] = [
    ("{crop: [16]}", "r.yaml:1:22: augmentation.crop: must be a list of 2 ([16]). Write a list of 2 such as [1, 1]"),
    ("{crop: [8, 8], flips: 1}", "r.yaml:1:30: augmentation.flips: unknown key 'flips'. One of: area_from"),
    ("{crop: [8, 8], scale_form: 1}", "r.yaml:1:30: augmentation.scale_form: unknown key. Did you mean 'scale_from'?"),
    ("{}", "r.yaml:1:15: augmentation: an augmentation has either a crop or a fixed size. Give one (height, width)"),
]


@pytest.mark.parametrize(("written", "said"), AUGMENTATIONS)
def test_faults_of_an_augmentation(written: str, said: str) -> None:
    lines = [f"augmentation: {written}", *GOOD.splitlines()[1:]]
    (found,) = faults("\n".join(lines))
    fact, _, remedy = said.rpartition(". ")
    assert found.startswith(fact.split(" key")[0])
    assert remedy in found


def test_all_faults_together_in_the_order_of_the_file() -> None:
    text = "batch_size: 0\nstages:\n- {steps: -1}\n- {schedule: polly, steps: 3}\n"
    assert faults(text, "no such path=1", "learning_rate=x") == [
        "--set-recipe learning_rate=x: learning_rate: must be a number ('x'). Write a number such as 0.001",
        "--set-recipe no such path=1: no such path: not a path ('no such path'). Write it as head.dpc.branches[0].rate",
        "r.yaml:1:13: batch_size: must be at least 1 (0). Allowed: at least 1 and at most 4096",
        "r.yaml:3:3: stages[0]: missing key 'augmentation'. Write augmentation: {crop: [180, 240]}",
        "r.yaml:3:11: stages[0].steps: must be at least 1 (-1). Allowed: at least 1",
        "r.yaml:4:3: stages[1]: missing key 'augmentation'. Write augmentation: {crop: [180, 240]}",
        "r.yaml:4:14: stages[1].schedule: unknown schedule 'polly'. Did you mean 'poly'?",
    ]


def test_an_unknown_recipe_is_told_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'camvid_cpu'"):
        load_recipe("camvid_gpu")


def test_overrides_make_keys_and_reach_into_stages() -> None:
    text = GOOD + "stages: [{steps: 2}, {name: last}]\n"
    recipe = parse_recipe(text, "test", overrides=("ema=0.9", "stages[1].loss={ohem: {fraction: 0.5}}"))
    first, last = recipe.stages
    assert (first.ema, first.steps, first.loss) == (0.9, 2, (LossTerm("cross_entropy"),))
    assert (last.ema, last.steps, last.loss) == (0.9, 6, (LossTerm("ohem", {"fraction": 0.5}),))
    assert parse_recipe(recipe.text, "test") == recipe


def test_one_length_for_every_stage(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(GOOD + "stages: [{epochs: 2}, {steps: 9}, {}]\n")
    recipe = load_recipe(file, steps=4)
    assert [(stage.steps, stage.epochs) for stage in recipe.stages] == [(4, None)] * 3
    assert parse_recipe(recipe.text, "r") == recipe


def test_epochs_of_a_stage_replace_the_steps_at_the_top() -> None:
    first, last = parse_recipe(GOOD + "stages: [{epochs: 1.5}, {}]\n", "test").stages
    assert (first.steps, first.epochs) == (None, 1.5)
    assert (last.steps, last.epochs) == (6, None)


EVERYTHING = """summary: all keys
source: nowhere
name: one
data: camvid
split: test
augmentation: {fixed_size: [8, 9], brightness: 0.1}
batch_size: 3
epochs: 2
learning_rate: 1.0e-3
optimizer: {sgd: {momentum: 0.9}}
schedule: {cosine: {end: 0.1}}
warm_up: {steps: 5, learning_rate: 1.0e-4}
weight_decay: {l2: 1.0e-4, on: all}
loss: [{cross_entropy: {label_smoothing: 0.1}, weight: 0.5}, dice]
class_weights: {inverse_log: 1.02}
upsample_logits: false
ema: 0.99
clip_norm: 1
mixed_precision: bfloat16
learning_rate_multipliers: {backbone: 0.1}
freeze: [backbone.stem, backbone.pool]
cache_features: {views: 3, dtype: float16}
batch_norm: {momentum: 0.9, frozen: true}
validation: {every: 10, split: val2, images: 7}
checkpoint_every: 9
"""


def test_everything_that_can_be_said() -> None:
    recipe = parse_recipe(EVERYTHING, "test")
    assert (recipe.name, recipe.summary, recipe.source) == ("test", "all keys", "nowhere")
    assert recipe.stages == (
        Stage(
            name="one",
            data="camvid",
            split="test",
            augmentation=Augmentation(fixed_size=(8, 9), brightness=0.1),
            batch_size=3,
            epochs=2.0,
            learning_rate=1e-3,
            optimizer=Named("sgd", {"momentum": 0.9}),
            schedule=Named("cosine", {"end": 0.1}),
            warm_up=WarmUp(5, 1e-4),
            weight_decay=WeightDecay("l2", 1e-4, "all"),
            loss=(LossTerm("cross_entropy", {"label_smoothing": 0.1}, 0.5), LossTerm("dice")),
            class_weights=ClassWeights(inverse_log=1.02),
            upsample_logits=False,
            ema=0.99,
            clip_norm=1.0,
            mixed_precision="bfloat16",
            learning_rate_multipliers={"backbone": 0.1},
            freeze=("backbone.stem", "backbone.pool"),
            cache_features=CacheFeatures(3, "float16"),
            batch_norm=BatchNorm(0.9, True),
            validation=Validation(10, "val2", 7),
            checkpoint_every=9,
        ),
    )


def test_none_takes_a_default_away() -> None:
    text = GOOD + "ema: 0.9\nclass_weights: [1]\nclip_norm: 2\nweight_decay: {l2: 1}\n"
    lines = [f"{key}=none" for key in ("ema", "class_weights", "clip_norm", "weight_decay")]
    (stage,) = parse_recipe(text, "test", overrides=lines).stages
    assert stage == parse_recipe(GOOD, "test").stages[0]


def test_the_digest_is_of_what_is_done() -> None:
    recipe = parse_recipe(GOOD, "test")
    assert parse_recipe("summary: words\n" + GOOD, "other").digest == recipe.digest
    assert parse_recipe(GOOD + "schedule: {poly: {power: 0.9}}", "test").digest != recipe.digest
    (stage,) = recipe.stages
    assert replace(recipe, stages=(replace(stage, learning_rate=0.1),)).digest != recipe.digest


def test_a_digest_outlives_new_keys() -> None:
    """As written down by a version that had neither a teacher nor random parts: ledgers hold such digests."""
    text = "augmentation: {crop: [8, 8]}\nbatch_size: 2\nsteps: 3\nlearning_rate: 0.1\n"
    assert parse_recipe(text, "test").digest == "e59a6c5e3f4c3bd5"
    other = text.replace("}", ", area_from: 0.5}")
    assert parse_recipe(other, "test").digest != parse_recipe(text, "test").digest


@pytest.mark.parametrize("name", recipe_names())
def test_every_bundled_recipe_reads_and_says_how_it_is_used(name: str) -> None:
    recipe = load_recipe(name)
    text = Path(recipe_names()[name]).read_text()
    assert recipe.summary
    assert f"--recipe {name} --data " in text.split("\naugmentation")[0]


def test_the_recipe_of_the_shufflenetv2_paper() -> None:
    """arXiv:1902.07476, §4, and the flags of its code."""
    coco, coarse, fine = load_recipe("shufflenetv2_paper").stages
    for stage in (coco, coarse, fine):
        assert stage.augmentation.crop == (769, 769)
        scales = [stage.augmentation.scale(share / 70) for share in range(70)]
        assert sorted(set(scales)) == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
        assert (stage.augmentation.image_pad, stage.augmentation.label_pad) == (127.5, 255)
        assert stage.batch_size == 16
        assert stage.optimizer == Named("adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8})
        assert stage.weight_decay == WeightDecay("l2", 4e-5, "convolutions")
        assert stage.schedule == Named("poly", {"power": 0.9})
        assert stage.loss == (LossTerm("cross_entropy"),)
    assert (coco.steps, coarse.steps, fine.steps) == (60_000, 60_000, 120_000)
    assert (coco.data, coarse.data, fine.data) == ("coco_instances", "cityscapes", "cityscapes")
    assert (coarse.split, fine.split) == ("train_extra", "train")
    assert fine.learning_rate == 1e-4
    assert fine.warm_up == WarmUp(186, 1e-5)


def test_the_recipe_of_shuffleseg() -> None:
    (stage,) = load_recipe("shuffleseg_paper").stages
    assert stage.class_weights == ClassWeights(inverse_log=1.02)
    assert stage.weight_decay == WeightDecay("l2", 5e-4, "kernels")
    assert (stage.optimizer, stage.learning_rate, stage.epochs) == (Named("adam"), 1e-4, 200.0)
    assert stage.augmentation.fixed_size == (512, 1024)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("beta_1: [[0.9]]", "optimizer.adam.beta_1: must be a number ([[0.9]])"),
        ("amsgrad: 1", "optimizer.adam.amsgrad: must be true or false (1)"),
    ],
)
def test_arguments_of_an_optimizer_are_of_the_kind_of_their_defaults(written: str, said: str) -> None:
    text = "augmentation: {crop: [64, 96]}\nbatch_size: 2\nsteps: 1\nlearning_rate: 0.1\n"
    text += f"optimizer: {{adam: {{{written}}}}}\n"
    with pytest.raises(UserError) as caught:
        parse_recipe(text, "r", file="r.yaml")
    (fault,) = caught.value.faults
    assert fault.place.line == 5
    assert said in str(fault)


@pytest.mark.parametrize("value", [".inf", ".nan", "!!int 2", "!x 3"])
def test_a_value_that_cannot_be_is_told_and_not_written_out(value: str) -> None:
    text = f"augmentation: {{crop: [64, 96]}}\nbatch_size: 2\nsteps: 1\nlearning_rate: {value}\n"
    with pytest.raises(UserError) as caught:
        parse_recipe(text, "r", file="r.yaml")
    assert str(caught.value).startswith("r.yaml:4:16: learning_rate: ")
