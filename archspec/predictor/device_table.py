"""The latency table of a device in its file: calibrated, continued, and found again by whoever predicts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from archspec.devices import Device, Model
from archspec.errors import user_error
from archspec.files import exists
from archspec.network.reference import reference_model
from archspec.predictor import LatencyTable, Predictor, read_or_none, read_table, table_path, write_table
from archspec.predictor.calibrate import Watcher, begun, calibrate, wanted
from archspec.predictor.operator_range import further_operators
from archspec.predictor.sampled_networks import sampled_networks
from archspec.predictor.turns import NETWORK_TURNS, OPERATOR_TURNS, Turns

NETWORKS, HELD_OUT = 60, 40
SEED, HELD_OUT_SEED = 101, 505


def calibrate_file(
    device: Device,
    path: Path | None = None,
    *,
    threads: int = 1,
    networks: int = NETWORKS,
    held_out: int = HELD_OUT,
    told: Watcher = lambda progress: None,
    operator_turns: Turns = OPERATOR_TURNS,
    network_turns: Turns = NETWORK_TURNS,
    reference: Model | None = None,
) -> tuple[LatencyTable, Path]:
    """Calibrate a device on sampled networks, score it on others, keep the table in `path` (None: the user's cache).

    Operators that these networks lack, but bundled specs or single layers have, are measured too. A file that is there
    is continued, also one that an interrupted calibration left. Raises `UserError` for a file that is of another device
    or no table.
    """
    reference = reference or Model("reference", reference_model())
    started = begun(device, None, reference, threads)
    path = _made(path or table_path(started.conditions))
    graphs = [one.graph for one in islice(sampled_networks(SEED), networks)]
    return calibrate(
        device,
        read_or_none(path) or started,
        graphs,
        [one.graph for one in islice(sampled_networks(HELD_OUT_SEED), held_out)],
        further=further_operators(wanted(graphs)),
        threads=threads,
        keep=lambda table: write_table(path, table),
        told=told,
        operator_turns=operator_turns,
        network_turns=network_turns,
        reference=reference,
    ), path


def predictor_for(
    device: Device,
    path: Path | None = None,
    *,
    threads: int = 1,
    reference: Model | None = None,
    command: str = "archspec latency --calibrate",
) -> Predictor:
    """The predictor of a device that was calibrated. Raises `UserError` for one that was not, or whose runtime changed.

    The device is asked who it is, so a table copied from elsewhere is refused. `command` is what makes such a table.
    """
    here = begun(device, None, reference or Model("reference", reference_model()), threads).conditions
    path = path or table_path(here)
    if not exists(path):
        fact = f"{here.device} ({here.cpu}, {here.runtime} {here.version}, threads {threads}) was never calibrated"
        raise user_error(fact, f"Calibrate it first ({command}); the table will be {path}")
    table = read_table(path)
    table.check(here)
    return Predictor(table).prepare()


def _made(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise user_error(f"cannot make the folder {path.parent} ({error.strerror})", "Name another file") from error
    return path
