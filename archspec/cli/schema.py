"""`archspec schema`: the JSON Schema of specs, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from archspec.cli._options import catalog, output_option, plugins_option, put


@click.command()
@plugins_option
@output_option
def schema(plugins: tuple[Path, ...], output: Path | None) -> None:
    """Print the JSON Schema of a spec, with all blocks, by which editors complete and check specs.

    The first line of a spec for yaml-language-server: # yaml-language-server: $schema=archspec.schema.json
    """
    import json

    from archspec.spec import json_schema

    put(json.dumps(json_schema(catalog(plugins)), indent=2) + "\n", output)
