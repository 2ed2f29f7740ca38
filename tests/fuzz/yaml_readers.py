"""Every kind of bundled YAML file, and what reads it: as far as the commands go before they train or measure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archspec.ablation import load_ablation
from archspec.catalog import PART_KINDS, Catalog, bundled_folder
from archspec.cli.check import _verdict
from archspec.errors import Problem, UserError
from archspec.network import Network
from archspec.network.published import find, read_claims
from archspec.search.space import Space
from archspec.search.study import load_study
from archspec.spec import dump, load
from archspec.train import load_recipe

BUNDLED = Catalog()
POINTS = 3  # of a space
NUMBERS = 40  # of an ablation

OWN = "own_"  # a plugin may not take the name of a bundled part


@dataclass(frozen=True)
class Document:
    """A bundled file: its kind, its text, and where its damaged copy is to stand to be read."""

    kind: str
    path: Path
    text: bytes

    @property
    def place(self) -> str:
        """Of the copy, in the folder of a case."""
        part = self.kind in PART_KINDS
        return f"plugin/{self.kind}s/{OWN}{self.path.name}" if part else self.path.name


def documents() -> list[Document]:
    """Every bundled YAML file, in a stable order."""
    kinds = {
        "": "spec",
        "published": "published",
        "recipes": "recipe",
        "spaces": "spec",
        "searches": "search",
        "ablations": "ablation",
        **{f"{kind}s": kind for kind in PART_KINDS},
    }
    folder = bundled_folder("specs")
    found = [(path, kinds[str(path.parent.relative_to(folder)).strip(".")]) for path in sorted(folder.rglob("*.yaml"))]
    return [Document(kind, path, path.read_bytes()) for path, kind in found]


def read_spec(file: str, catalog: Catalog = BUNDLED) -> None:
    """`archspec check`, then `archspec cost`; of a spec with open choices, some of its points."""
    _verdict(file, (), catalog)
    spec = load(file, catalog=catalog)
    dump(spec)
    if not spec.choices():
        Network.load(file, catalog=catalog).cost.to_json()
        return
    space = Space.of(spec)
    generator = random.Random(0)
    for _ in range(POINTS):
        genome = space.sample(generator)
        try:
            space.candidate(genome)
        except (UserError, Problem) as refusal:  # a search keeps it with its reason
            str(refusal)


def read_part(kind: str, file: str) -> None:
    """The first bundled spec that names the part, which has a name of its own here."""
    own = Path(file).stem
    name = own.removeprefix(OWN)
    text = f"backbone: mobilenet_v2\n{kind}: {own}\n"
    for path in BUNDLED.specs().values():
        written = path.read_text()
        changed = re.sub(rf"\b({kind}: {{?){name}\b", rf"\g<1>{own}", written)
        if changed != written:
            text = changed
            break
    Path("part.yaml").write_text(text)
    read_spec("part.yaml", Catalog((Path("plugin"),)))


def read_recipe(file: str) -> None:
    """The recipe, and what a run keeps of it."""
    recipe = load_recipe(file)
    recipe.to_json()
    load_recipe(file, steps=3)


def read_study(file: str) -> None:
    """The study, its text, its identity, and some points of its space."""
    study = load_study(file)
    study.digest()
    space = Space.of(study.space)
    generator = random.Random(0)
    for _ in range(POINTS):
        genome = space.sample(generator)
        try:
            space.candidate(genome)
        except (UserError, Problem) as refusal:
            str(refusal)


def read_ablation(file: str) -> None:
    """The ablation, as `--dry-run` goes through it."""
    ablation = load_ablation(file)
    for row in ablation.rows[:POINTS]:
        dump(row.spec)


def read_published(file: str) -> None:
    """The claims, and our numbers for some of them."""
    for _ in find(read_claims(Path(file))[:POINTS], BUNDLED):
        pass


READERS: dict[str, Callable[[str], object]] = {
    "spec": read_spec,
    "recipe": read_recipe,
    "search": read_study,
    "ablation": read_ablation,
    "published": read_published,
}


def read(document: Document) -> None:
    """Read the damaged copy in the current folder. Raises `UserError` for what is told to the user."""
    if document.kind in PART_KINDS:
        read_part(document.kind, document.place)
    else:
        READERS[document.kind](document.place)
