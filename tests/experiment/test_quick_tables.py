"""A latency table that is made on another machine comes home where it is looked for, whatever paths that one has."""

from archspec.experiment import Places
from archspec.experiment.quick_tables import TableEvaluator
from archspec.measures import Settings


def test_paths_of_another_machine_do_not_move_the_table() -> None:
    text = "backbone: shufflenet_v2\nweights: /here/w.npz\n"
    evaluator = TableEvaluator(texts=(text,), folder="tables/abc")
    moved = evaluator.moved(Places({"/here/w.npz": "/there/w.npz"}, {}, "/there/runs"))
    assert moved.texts != evaluator.texts and "/there/w.npz" in moved.texts[0]
    assert moved.folders("", Settings(())) == ("tables/abc",)
