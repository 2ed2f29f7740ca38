"""The options of the ledger that the commands share which measure something."""

from __future__ import annotations

import click

from archspec.cli._options import Decorator
from archspec.cli._paths import DatabasePlace

ledger_option: Decorator = click.option(
    "--ledger", type=DatabasePlace(), default="", metavar="WHERE", envvar="ARCHSPEC_LEDGER",
    help="Ledger in which measured numbers are kept and looked up. Without it, ledger.db in the folder of runs.",
)  # fmt: skip
update_option: Decorator = click.option("--update", is_flag=True, help="Measure again what the ledger has.")
