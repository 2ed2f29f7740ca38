"""Broken specs, each with the exact lines a user must see. Importable: the command line is tested with the same table.

Every case is written into an empty folder, which is the current one; a case with files under `plugin/` is read with
that folder as its only plugin folder. `spec.yaml` is loaded with the overrides, then expanded.
"""

# ruff: noqa: E501 (a message stands on one line, as it is printed)

from pathlib import Path
from typing import NamedTuple

SPECS = Path(__file__).resolve().parents[2] / "specs"
_PARTS = sorted(path.stem for path in (SPECS / "backbones").glob("*.yaml"))
_NAMES = sorted([*_PARTS, *(path.stem for path in (SPECS.parent / "blocks" / "backbones").glob("[!_]*.py"))])
FIRST_PARTS = ", ".join(_PARTS[:12])
BACKBONES = ", ".join(_NAMES[:12]) + (", …" if len(_NAMES) > 12 else "")


class Broken(NamedTuple):
    """A broken spec: its files, its `--set` assignments, and the lines of the error."""

    name: str
    files: dict[str, str | bytes]
    overrides: tuple[str, ...]
    expected: tuple[str, ...]


OK = "backbone: shufflenet_v2\nhead: dpc\n"
ALIASES = (("a", "x"), ("b", "*a"), ("c", "*b"), ("d", "*c"), ("e", "*d"))
TINY = "plugin/backbones/tiny.yaml"


def broken(name: str, text: str | bytes, *expected: str, sets: tuple[str, ...] = (), **files: str) -> Broken:
    """A case; further files are named by keyword, `b` for `b.yaml`."""
    named = {"tiny": TINY, "crash": "plugin/crash.py"}
    others = {named.get(key, f"{key}.yaml"): content for key, content in files.items()}
    return Broken(name, {"spec.yaml": text, **others}, sets, expected)


BROKEN = [
    # ---- Names and forms ------------------------------------------------------------------------------------------
    broken(
        "typo in a top-level key",
        "backbone: shufflenet_v2\nwidth_multipler: 0.5\n",
        "spec.yaml:2:1: width_multipler: unknown key 'width_multipler'. Did you mean 'width_multiplier'?",
    ),
    broken(
        "key of input at the top",
        "size: [224, 224]\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:1: size: unknown key 'size'. Write it inside input: {size: …}",
    ),
    broken(
        "top-level key inside input",
        "input: {size: 224, classes: 20}\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:20: input.classes: unknown key 'classes'. Write 'classes' at the top level",
    ),
    broken(
        "typo in a key of input",
        "input: {sise: [224, 224]}\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:9: input.sise: unknown key 'sise'. Did you mean 'size'?",
    ),
    broken(
        "input is not a mapping",
        "input: [224, 224]\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:8: input: must be a mapping ([224, 224]). Write input: {size: [224, 224]}",
    ),
    broken(
        "no backbone",
        "head: dpc\n",
        f"spec.yaml:1:1: missing key 'backbone'. Write backbone: NAME. One of: {FIRST_PARTS}",
    ),
    broken(
        "backbone none",
        "backbone: none\n",
        "spec.yaml:1:11: backbone: a network needs a backbone (none). Write backbone: NAME",
    ),
    broken(
        "backbone null",
        "backbone:\nhead: dpc\n",
        "spec.yaml:1:10: backbone: must be the name of a backbone, a mapping or a list of steps (null). Write backbone: NAME",
    ),
    broken(
        "unknown backbone",
        "backbone: shuflenet_v2\n",
        "spec.yaml:1:11: backbone: unknown backbone 'shuflenet_v2'. Did you mean 'shufflenet_v2'?",
    ),
    broken(
        "unknown backbone, nothing near",
        "backbone: zzz\n",
        f"spec.yaml:1:11: backbone: unknown backbone 'zzz'. One of: {BACKBONES}",
    ),
    broken(
        "unknown head",
        "backbone: shufflenet_v2\nhead: dcp\n",
        "spec.yaml:2:7: head: unknown head 'dcp'. Did you mean 'dpc'?",
    ),
    broken(
        "unknown argument of a head",
        "backbone: shufflenet_v2\nhead: {dpc: {filter: 256}}\n",
        "spec.yaml:2:14: head.dpc.filter: unknown argument 'filter'. Did you mean 'filters'?",
    ),
    broken(
        "unknown argument of a part",
        "backbone: {shufflenet_v2: {width: 0.5}}\n",
        "spec.yaml:1:28: backbone.shufflenet_v2.width: unknown argument 'width' of backbone 'shufflenet_v2'. Did you mean 'width_multiplier'?",
    ),
    broken(
        "argument beside the head's name",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n  filters: 256\n",
        "spec.yaml:4:3: head: a section names one thing ('dpc', 'filters'). Write head: {dpc: {filters: …}}",
    ),
    broken(
        "head as a mapping with a type key",
        "backbone: shufflenet_v2\nhead: {type: dpc}\n",
        "spec.yaml:2:8: head: a section names one thing ('type'). Write head: dpc",
    ),
    broken(
        "arguments are a list",
        "backbone: shufflenet_v2\nhead: {dpc: [256]}\n",
        "spec.yaml:2:13: head.dpc: arguments must be a mapping ([256]). Write dpc: {argument: value}",
    ),
    broken(
        "arguments of none",
        "backbone: shufflenet_v2\nhead: {none: {filters: 1}}\n",
        "spec.yaml:2:8: head.none: 'none' takes no arguments. Write head: none",
    ),
    # ---- Values ---------------------------------------------------------------------------------------------------
    broken(
        "text for an integer",
        "backbone: shufflenet_v2\nclasses: many\n",
        "spec.yaml:2:10: classes: must be an integer ('many'). Write a whole number such as 1",
    ),
    broken(
        "quoted integer",
        "backbone: shufflenet_v2\nclasses: '19'\n",
        "spec.yaml:2:10: classes: must be an integer ('19'). Remove the quotes",
    ),
    broken(
        "number with a fraction for an integer",
        "backbone: shufflenet_v2\nclasses: 19.5\n",
        "spec.yaml:2:10: classes: must be an integer (19.5). Write a whole number such as 1",
    ),
    broken(
        "bool for an integer",
        "backbone: shufflenet_v2\nclasses: true\n",
        "spec.yaml:2:10: classes: must be an integer (true). Write a whole number such as 1",
    ),
    broken(
        "zero classes",
        "backbone: shufflenet_v2\nclasses: 0\n",
        "spec.yaml:2:10: classes: must be at least 1 (0). Allowed: at least 1 and at most 65536",
    ),
    broken(
        "output stride 12",
        "backbone: shufflenet_v2\noutput_stride: 12\n",
        "spec.yaml:2:16: output_stride: not allowed (12). One of: 8, 16, 32",
    ),
    broken(
        "output stride as text",
        "backbone: shufflenet_v2\noutput_stride: '16'\n",
        "spec.yaml:2:16: output_stride: not allowed ('16'). Remove the quotes",
    ),
    broken(
        "negative width",
        "backbone: {mobilenet_v2: {width_multiplier: -1}}\n",
        "spec.yaml:1:45: backbone.mobilenet_v2.width_multiplier: must be greater than 0 (-1). Allowed: greater than 0 and at most 16",
    ),
    broken(
        "width 0",
        "backbone: mobilenet_v2\nwidth_multiplier: 0\n",
        "spec.yaml:2:19: width_multiplier: must be greater than 0 (0). Allowed: greater than 0 and at most 16",
    ),
    broken(
        "unknown variant",
        "backbone: shufflenet_v2\nvariant: papr\n",
        "spec.yaml:2:10: variant: not allowed ('papr'). Did you mean 'paper'?",
    ),
    broken(
        "unknown dtype",
        "backbone: shufflenet_v2\ninput: {dtype: uint9}\n",
        "spec.yaml:2:16: input.dtype: not allowed ('uint9'). Did you mean 'uint8'?",
    ),
    broken(
        "size of three",
        "backbone: shufflenet_v2\ninput: {size: [224, 224, 3]}\n",
        "spec.yaml:2:15: input.size: must be a list of 2 ([224, 224, 3]). Write a list of 2 such as [224, 224]",
    ),
    broken(
        "size with a zero",
        "backbone: shufflenet_v2\ninput: {size: [0, 224]}\n",
        "spec.yaml:2:16: input.size[0]: must be at least 1 (0). Allowed: at least 1 and at most 16384",
    ),
    broken(
        "size of zero",
        "backbone: shufflenet_v2\ninput: {size: 0}\n",
        "spec.yaml:2:15: input.size: must be at least 1 (0). Allowed: at least 1 and at most 16384",
    ),
    broken(
        "size in text",
        "backbone: shufflenet_v2\ninput: {size: 224x224}\n",
        "spec.yaml:2:15: input.size: must be a list of 2 ('224x224'). Write a list of 2 such as [224, 224]",
    ),
    broken(
        "name with a slash",
        "name: a/b\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:7: name: not a usable name ('a/b'). Write letters, digits, '_', '-' and '.'",
    ),
    broken(
        "name is a number",
        "name: 2024\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:7: name: must be text (2024). Put it in quotes: '2024'",
    ),
    broken(
        "source is a list",
        "source: [a, b]\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:9: source: must be text (['a', 'b']). Write text",
    ),
    broken(
        "dropout of 1",
        "backbone: shufflenet_v2\nhead: {dpc: {dropout: 1}}\n",
        "spec.yaml:2:23: head.dpc.dropout: must be less than 1 (1). Allowed: at least 0 and less than 1",
    ),
    broken(
        "a kernel of 2 in a cell",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: conv, kernel: 2, input: -1}\n",
        "spec.yaml:5:26: head.dpc.branches[0].kernel: not allowed (2). One of: 1, 3",
    ),
    broken(
        "an unknown operation in a cell",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: convolution, kernel: 3, input: -1}\n",
        "spec.yaml:5:12: head.dpc.branches[0].op: not allowed ('convolution'). Did you mean 'conv'?",
    ),
    broken(
        "a branch without input",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: conv, kernel: 3}\n",
        "spec.yaml:5:7: head.dpc.branches[0]: missing key 'input'. Write input: 1",
    ),
    broken(
        "an unknown key in a branch",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: conv, rates: [1, 6], input: -1}\n",
        "spec.yaml:5:18: head.dpc.branches[0].rates: unknown key 'rates'. Did you mean 'rate'?",
    ),
    broken(
        "a rate of one number",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: conv, rate: 6, input: -1}\n",
        "spec.yaml:5:24: head.dpc.branches[0].rate: must be a list of 2 (6). Write a list of 2 such as [1, 1]",
    ),
    broken(
        "a rate of 0",
        "backbone: shufflenet_v2\nhead:\n  dpc:\n    branches:\n    - {op: conv, rate: [0, 6], input: -1}\n",
        "spec.yaml:5:25: head.dpc.branches[0].rate[0]: must be at least 1 (0). Allowed: at least 1",
    ),
    broken(
        "branches as a mapping",
        "backbone: shufflenet_v2\nhead: {dpc: {branches: {op: conv, input: -1}}}\n",
        "spec.yaml:2:24: head.dpc.branches: must be a list ({op: 'conv', input: -1}). Write a list such as [{op: 'conv', input: 1}]",
    ),
    broken(
        "yes is no bool",
        "backbone: shufflenet_v2\nhead:\n- conv_bn: {filters: 64, separable: yes}\n",
        "spec.yaml:3:26: head[0].conv_bn.separable: unknown argument 'separable'. One of: activation, bias, dilation_rate, epsilon, filters, groups, initializer, kernel, momentum, padding, stride",
    ),
    # ---- Steps ----------------------------------------------------------------------------------------------------
    broken(
        "choice as a default of a part",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:19: backbone.arguments.wide: a choice cannot be the default of an "
        "argument ({choose: [8, 16]}). Write the value, and choose in the spec",
        tiny="arguments: {wide: {choose: [8, 16]}}\nsteps:\n- conv_bn: {filters: {argument: wide}, stride: 16}\n",
    ),
    broken(
        "missing argument",
        "backbone:\n- conv_bn: {kernel: 3}\n",
        "spec.yaml:2:3: backbone[0].conv_bn: missing argument 'filters' of 'conv_bn'. Write conv_bn: {filters: 1}",
    ),
    broken(
        "context argument",
        "backbone: shufflenet_v2\nhead: {dpc: {classes: 20}}\n",
        "spec.yaml:2:14: head.dpc.classes: 'classes' is given by the network. Remove it; write it at the top level of the spec",
    ),
    broken(
        "name as an argument",
        "backbone:\n- conv_bn: {filters: 8, name: stem}\n",
        "spec.yaml:2:25: backbone[0].conv_bn.name: 'name' is given by the network. Remove it",
    ),
    broken(
        "unknown block",
        "backbone:\n- conv_bm: {filters: 8}\n",
        "spec.yaml:2:3: backbone[0]: unknown block 'conv_bm'. Did you mean 'conv_bn'? For a block of your own: --plugins FOLDER",
    ),
    broken(
        "argument beside the block",
        "backbone:\n- conv_bn: {filters: 8}\n  stride: 2\n",
        "spec.yaml:3:3: backbone[0].stride: 'stride' stands beside the block 'conv_bn'. Write arguments inside conv_bn: {…}, every block as its own '- ' item",
    ),
    broken(
        "reserved key misspelt",
        "backbone:\n- conv_bn: {filters: 8}\n  repat: 2\n",
        "spec.yaml:3:3: backbone[0].repat: 'repat' stands beside the block 'conv_bn'. Did you mean 'repeat'?",
    ),
    broken(
        "two blocks in a step",
        "backbone:\n- conv_bn: {filters: 8}\n  max_pool: {}\n",
        "spec.yaml:3:3: backbone[0].max_pool: 'max_pool' stands beside the block 'conv_bn'. Write arguments inside conv_bn: {…}, every block as its own '- ' item",
    ),
    broken(
        "reserved key inside the arguments",
        "backbone:\n- conv_bn: {filters: 8, repeat: 2}\n",
        "spec.yaml:2:25: backbone[0].conv_bn.repeat: 'repeat' is not an argument. Write it in a step, beside 'conv_bn'",
    ),
    broken(
        "step without a block",
        "backbone:\n- {id: stem, repeat: 2}\n",
        "spec.yaml:2:3: backbone[0]: a step without a block ({id: 'stem', repeat: 2}). Write - BLOCK: {arguments}",
    ),
    broken(
        "step that is a list",
        "backbone:\n- [conv_bn, 8]\n",
        "spec.yaml:2:3: backbone[0]: not a step (['conv_bn', 8]). Write - BLOCK: {arguments}",
    ),
    broken(
        "no steps",
        "backbone: []\n",
        "spec.yaml:1:11: backbone: a list of no steps ([]). Write - BLOCK: {arguments}, or none",
    ),
    broken(
        "repeat 0",
        "backbone:\n- conv_bn: {filters: 8}\n  repeat: 0\n",
        "spec.yaml:3:11: backbone[0].repeat: must be at least 1 (0). Allowed: at least 1 and at most 1000",
    ),
    broken(
        "repeat in text",
        "backbone:\n- conv_bn: {filters: 8}\n  repeat: twice\n",
        "spec.yaml:3:11: backbone[0].repeat: must be an integer ('twice'). Write a whole number such as 1",
    ),
    broken(
        "bad id",
        "backbone:\n- conv_bn: {filters: 8}\n  id: stage 1\n",
        "spec.yaml:3:7: backbone[0].id: not a usable id ('stage 1'). Write letters, digits and _, such as id: stage2",
    ),
    broken(
        "id twice",
        "backbone:\n- conv_bn: {filters: 8}\n  id: stem\n- conv_bn: {filters: 8}\n  id: stem\n",
        "spec.yaml:5:7: backbone[1].id: the id 'stem' is taken. Write another id",
    ),
    broken(
        "id is a section's name",
        "backbone:\n- conv_bn: {filters: 8}\n  id: head\n",
        "spec.yaml:3:7: backbone[0].id: the id 'head' is taken. Write another id",
    ),
    broken(
        "unknown id in from",
        "backbone:\n- conv_bn: {filters: 8}\n  id: stem\n- conv_bn: {filters: 8}\n  from: sterm\n",
        "spec.yaml:5:9: backbone[1].from: no step before has the id 'sterm'. Did you mean 'stem'?",
    ),
    broken(
        "from a later step",
        "backbone:\n- conv_bn: {filters: 8}\n  from: late\n- conv_bn: {filters: 8}\n  id: late\n",
        "spec.yaml:3:9: backbone[0].from: no step before has the id 'late'. One of: input, preprocess",
    ),
    broken(
        "from a number",
        "backbone:\n- conv_bn: {filters: 8}\n  from: 1\n",
        "spec.yaml:3:9: backbone[0].from: must be an id or a list of ids (1). Write from: ID or from: [ID, ID]",
    ),
    broken(
        "two inputs for a block of one",
        "backbone:\n- conv_bn: {filters: 8}\n  id: a\n- conv_bn: {filters: 8}\n  id: b\n- conv_bn: {filters: 8}\n  from: [a, b]\n",
        "spec.yaml:7:9: backbone[2].from: 'conv_bn' reads one tensor (2 given). Write from: ID",
    ),
    broken(
        "unknown key beside steps",
        "backbone:\n  steps: [max_pool]\n  dilated: false\n",
        "spec.yaml:3:3: backbone.dilated: unknown key 'dilated' beside 'steps'. Did you mean 'dilate'?",
    ),
    # ---- YAML itself, and hostile input ---------------------------------------------------------------------------
    broken(
        "duplicate key",
        "backbone: shufflenet_v2\nclasses: 19\nclasses: 20\n",
        "spec.yaml:3:1: duplicate key 'classes' (first on line 2). Remove one of the two",
    ),
    broken(
        "duplicate key inside",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: 1, filters: 2}}\n",
        "spec.yaml:2:26: head.dpc: duplicate key 'filters' (first on line 2). Remove one of the two",
    ),
    broken(
        "tag",
        "backbone: !!python/object/apply:os.system ['true']\n",
        "spec.yaml:1:11: backbone: tags are not allowed (!!python/object/apply:os.system). Write the plain value",
    ),
    broken(
        "tag on a value",
        "backbone: shufflenet_v2\nclasses: !!int 19\n",
        "spec.yaml:2:10: classes: tags are not allowed (!!int). Write the plain value",
    ),
    broken(
        "merge key",
        "backbone: &b {shufflenet_v2: {}}\nhead:\n  <<: *b\n",
        "spec.yaml:3:3: head: merge keys are not allowed ('<<'). Use 'extends' to build on another spec",
    ),
    broken(
        "alias bomb",
        "".join(f"{key}: &{key} [{', '.join([item] * 10)}]\n" for key, item in ALIASES) + OK,
        "spec.yaml:5:8: e[0]: more than 20,000 values, aliases written out. Write a smaller spec, without aliases of aliases",
    ),
    broken(
        "alias of itself",
        "backbone: &a [*a]\n",
        "spec.yaml:1:15: backbone[0]: an alias holds itself ('*a'). Write the value out",
    ),
    broken(
        "undefined alias",
        "backbone: *other\n",
        "spec.yaml:1:11: backbone: undefined alias ('*other'). Define it before with &name, or remove the *",
    ),
    broken(
        "too deep",
        "backbone: " + "[" * 60 + "]" * 60 + "\n",
        "spec.yaml:1:60: backbone: nested deeper than 50 levels. Write the spec with fewer brackets",
    ),
    broken(
        "far too deep",
        "backbone: " + "[" * 60_000 + "\n",
        "spec.yaml:1:60: backbone: nested deeper than 50 levels. Write the spec with fewer brackets",
    ),
    broken("empty", "", "spec.yaml:1:1: the file is empty. Write at least 'backbone: NAME'"),
    broken("only a comment", "# nothing\n", "spec.yaml:1:1: the file is empty. Write at least 'backbone: NAME'"),
    broken(
        "a list",
        "- backbone: shufflenet_v2\n",
        "spec.yaml:1:1: must be a mapping of keys to values ([{backbone: 'shufflenet_v2'}]). Write lines of 'key: value'",
    ),
    broken(
        "one word",
        "shufflenet_v2\n",
        "spec.yaml:1:1: must be a mapping of keys to values ('shufflenet_v2'). Write lines of 'key: value'",
    ),
    broken(
        "two documents",
        "backbone: shufflenet_v2\n---\nbackbone: mobilenet_v2\n",
        "spec.yaml:2:1: a second document ('---'). Write one spec a file",
    ),
    broken(
        "binary",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        "spec.yaml:1:1: this is an image, not a YAML file. archspec predict and explain take it, beside a network",
    ),
    broken(
        "Latin-1",
        b"backbone: shufflenet_v2\nsource: Universit\xe4t\n",
        "spec.yaml:2:18: not UTF-8 text (byte 0xe4). Save the file as UTF-8",
    ),
    broken(
        "NUL character",
        "backbone: shuffle\x00net\n",
        "spec.yaml:1:18: not text (character U+0000). Write the spec as plain YAML text",
    ),
    broken(
        "10 MB",
        "backbone: shufflenet_v2 #" + "x" * 10_000_000,
        "spec.yaml:1:1: the file is too large (10,000,025 bytes). A spec has at most 1,000,000 bytes: name the spec file itself",
    ),
    broken(
        "tab",
        "input:\n\tsize: 224\nbackbone: shufflenet_v2\n",
        "spec.yaml:2:1: not valid YAML (found character that cannot start any token). Indent with spaces, not tabs, and quote text that starts with @, ` or %",
    ),
    broken(
        "bracket left open",
        "backbone: {shufflenet_v2: {width_multiplier: 0.5}\nhead: dpc\n",
        "spec.yaml:2:1: not valid YAML (did not find expected ',' or '}'). Close the bracket, or put a comma between the items",
    ),
    broken(
        "colon in text",
        "source: paper: table 1\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:14: not valid YAML (mapping values are not allowed in this context). Check the indentation, or quote text that holds ': '",
    ),
    broken(
        "list as a key",
        "? [a, b]\n: c\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:3: a key must be plain text (['a', 'b']). Write 'key: value'",
    ),
    broken(
        "infinite number",
        "backbone: shufflenet_v2\nwidth_multiplier: .inf\n",
        "spec.yaml:2:19: width_multiplier: not a finite number (.inf). Write a number",
    ),
    broken(
        "integer of 30 digits",
        "backbone: shufflenet_v2\nclasses: 123456789012345678901234567890\n",
        "spec.yaml:2:10: classes: number too large (123456789012345678901234567890). Write a number below 2^63",
    ),
    # ---- extends --------------------------------------------------------------------------------------------------
    broken(
        "missing parent",
        "extends: shufflenetv2_dcp\n",
        "spec.yaml:1:10: extends: no such spec ('shufflenetv2_dcp'). Did you mean 'shufflenetv2_dpc'?",
    ),
    broken(
        "missing parent file",
        "extends: ../enot.yaml\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:10: extends: no such spec ('../enot.yaml'). Did you mean 'enet'?",
    ),
    broken(
        "extends itself",
        "extends: spec.yaml\n",
        "spec.yaml:1:10: extends: 'extends' goes round in a circle (spec.yaml). Remove one 'extends'",
    ),
    broken(
        "circle of two",
        "extends: b.yaml\n",
        "b.yaml:1:10: extends: 'extends' goes round in a circle (spec.yaml). Remove one 'extends'",
        b="extends: spec.yaml\nclasses: 3\n",
    ),
    broken(
        "extends a list",
        "extends: [a, b]\n",
        "spec.yaml:1:10: extends: must be one path or name (['a', 'b']). Write extends: other_spec",
    ),
    broken(
        "fault in the parent",
        "extends: b.yaml\nclasses: 3\n",
        "b.yaml:2:1: hed: unknown key 'hed'. Did you mean 'head'?",
        b="backbone: shufflenet_v2\nhed: dpc\n",
    ),
    broken(
        "faults in parent and child",
        "extends: b.yaml\nclases: 3\n",
        "b.yaml:2:7: head: unknown head 'dcp'. Did you mean 'dpc'?",
        "spec.yaml:2:1: clases: unknown key 'clases'. Did you mean 'classes'?",
        b="backbone: shufflenet_v2\nhead: dcp\n",
    ),
    broken(
        "parent is no YAML",
        "extends: b.yaml\n",
        "b.yaml:2:1: not valid YAML (did not find expected node content). Close the bracket, or write the missing value",
        b="backbone: [\n",
    ),
    # ---- --set ----------------------------------------------------------------------------------------------------
    broken(
        "--set typo in a key",
        OK,
        "--set width_multipler=0.5: width_multipler: unknown key 'width_multipler'. Did you mean 'width_multiplier'?",
        sets=("width_multipler=0.5",),
    ),
    broken("--set without =", OK, "--set classes: not an assignment. Write --set PATH=VALUE", sets=("classes",)),
    broken("--set empty path", OK, "--set =3: not a path (''). Write it as head.dpc.branches[0].rate", sets=("=3",)),
    broken(
        "--set not a path",
        OK,
        "--set head..filters=3: head..filters: not a path ('head..filters'). Write it as head.dpc.branches[0].rate",
        sets=("head..filters=3",),
    ),
    broken(
        "--set wrong type",
        OK,
        "--set classes=many: classes: must be an integer ('many'). Write a whole number such as 1",
        sets=("classes=many",),
    ),
    broken(
        "--set unknown argument",
        OK,
        "--set head.filter=3: head.dpc.filter: unknown argument 'filter'. Did you mean 'filters'?",
        sets=("head.filter=3",),
    ),
    broken(
        "--set unknown key of input",
        OK,
        "--set input.sise=[1, 2]: input.sise: unknown key 'sise'. Did you mean 'input.size'?",
        sets=("input.sise=[1, 2]",),
    ),
    broken(
        "--set key of input at top",
        OK,
        "--set size=[1, 2]: size: unknown key 'size'. Did you mean 'input.size'?",
        sets=("size=[1, 2]",),
    ),
    broken(
        "--set into a value",
        OK,
        "--set classes.number=3: classes.number: 'classes' is a plain value and has no 'number'. Set 'classes' itself",
        sets=("classes.number=3",),
    ),
    broken(
        "--set item out of range",
        "backbone:\n- conv_bn: {filters: 8, stride: 2}\n",
        "--set backbone[3].filters=3: backbone[3].filters: 'backbone' is a list of 1 (no '3'). Write [0]",
        sets=("backbone[3].filters=3",),
    ),
    broken(
        "--set into a list that is not written",
        OK,
        "--set head.branches[0].rate=[1, 1]: head.branches[0].rate: 'head.branches' is not written in the spec. Set the whole list: --set head.branches=[…]",
        sets=("head.branches[0].rate=[1, 1]",),
    ),
    broken(
        "--set into none",
        "backbone: shufflenet_v2\n",
        "--set head.filters=3: head.filters: 'head' is none. Set it first: --set head=NAME",
        sets=("head.filters=3",),
    ),
    broken(
        "--set not YAML",
        OK,
        "--set head=[dpc: not valid YAML (did not find expected ',' or ']'). Close the bracket, or put a comma between the items",
        sets=("head=[dpc",),
    ),
    broken(
        "--set extends",
        OK,
        "--set extends=other: extends: 'extends' cannot be set. Write it in the spec file",
        sets=("extends=other",),
    ),
    broken(
        "--set steps of a part file",
        OK,
        "--set backbone.steps[0].filters=3: backbone.steps[0].filters: the steps of 'shufflenet_v2' stand in its own file. Write them in the spec to change them",
        sets=("backbone.steps[0].filters=3",),
    ),
    broken(
        "--set a missing file",
        OK,
        "--set head.branches=@cell.json: no such file (cell.json). Write PATH=@FILE",
        sets=("head.branches=@cell.json",),
    ),
    broken(
        "--set misspelt choice",
        OK,
        "--set classes={chose: [19, 21]}: classes: must be an integer or a choice ('chose'). Did you mean 'choose'?",
        sets=("classes={chose: [19, 21]}",),
    ),
    broken(
        "--set unlisted width",
        OK,
        "--set width_multiplier=0.7: width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.7). One of: 0.5, 1.0, 1.5, 2.0",
        sets=("width_multiplier=0.7",),
    ),
    broken(
        "two bad --set",
        OK,
        "--set clases=3: clases: unknown key 'clases'. Did you mean 'classes'?",
        "--set head.filters=0: head.dpc.filters: must be at least 1 (0). Allowed: at least 1",
        sets=("clases=3", "head.filters=0"),
    ),
    # ---- Selectors ------------------------------------------------------------------------------------------------
    broken(
        "unlisted width",
        "backbone: shufflenet_v2\nwidth_multiplier: 0.75\n",
        "spec.yaml:2:19: width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.75). One of: 0.5, 1.0, 1.5, 2.0",
    ),
    broken(
        "unlisted width for a section",
        "backbone: {shufflenet_v2: {width_multiplier: 0.75}}\n",
        "spec.yaml:1:46: backbone.shufflenet_v2.width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.75). One of: 0.5, 1.0, 1.5, 2.0",
    ),
    broken(
        "unlisted width in written steps",
        "backbone:\n- conv_bn: {filters: {by_width: {0.5: 8, 2.0: 32}}}\n",
        "spec.yaml:2:22: backbone[0].conv_bn.filters: by_width of the backbone does not list it (1.0). One of: 0.5, 2.0",
    ),
    broken(
        "misspelt selector",
        "backbone:\n- conv_bn: {filters: {by_widht: {1.0: 8}}}\n",
        "spec.yaml:2:23: backbone[0].conv_bn.filters: must be an integer, a selector or a choice ('by_widht'). Did you mean 'by_width'?",
    ),
    broken(
        "by_width without cases",
        "backbone:\n- conv_bn: {filters: {by_width: 8}}\n",
        "spec.yaml:2:33: backbone[0].conv_bn.filters: by_width needs cases (8). Write {by_width: {0.5: 48, …}}",
    ),
    broken(
        "by_width with a bad width",
        "backbone:\n- conv_bn: {filters: {by_width: {1.0: 8, wide: 16}}}\n",
        "spec.yaml:2:42: backbone[0].conv_bn.filters.by_width[wide]: not a width ('wide'). Write a number such as 0.5",
    ),
    broken(
        "by_width with a bad value",
        "backbone:\n- conv_bn: {filters: {by_width: {1.0: 8, 2.0: big}}}\n",
        "spec.yaml:2:47: backbone[0].conv_bn.filters.by_width[2.0]: must be an integer ('big'). Write a whole number such as 1",
    ),
    broken(
        "by_variant with an unknown variant",
        "backbone:\n- conv_bn: {filters: {by_variant: {paper: 8, refrence: 16}}}\n",
        "spec.yaml:2:46: backbone[0].conv_bn.filters.by_variant.refrence: unknown variant 'refrence'. Did you mean 'reference'?",
    ),
    broken(
        "by_output_stride with an unknown one",
        "backbone:\n- conv_bn: {filters: {by_output_stride: {16: 8, 64: 16}}}\n",
        "spec.yaml:2:49: backbone[0].conv_bn.filters.by_output_stride.64: not an output stride ('64'). One of: 8, 16, 32",
    ),
    broken(
        "selector beside another key",
        "backbone:\n- conv_bn: {filters: {by_width: {1.0: 8}, scaled: 8}}\n",
        "spec.yaml:2:43: backbone[0].conv_bn.filters: 'by_width' must stand alone, not beside 'scaled'. Write {by_width: …} only",
    ),
    broken(
        "scaled where text stands",
        "backbone:\n- conv_bn: {filters: 8, initializer: {scaled: 8}}\n",
        "spec.yaml:2:38: backbone[0].conv_bn.initializer: must be text ({scaled: 8}). 'scaled' makes an integer",
    ),
    broken(
        "scaled text",
        "backbone:\n- conv_bn: {filters: {scaled: big}}\n",
        "spec.yaml:2:31: backbone[0].conv_bn.filters.scaled: must be a number ('big'). Write a number such as 32",
    ),
    broken(
        "scaled with an unknown key",
        "backbone:\n- conv_bn: {filters: {scaled: {filters: 32, divisor: 8, floor: 8}}}\n",
        "spec.yaml:2:57: backbone[0].conv_bn.filters.scaled.floor: unknown key 'floor'. One of: divisor, filters, minimum",
    ),
    broken(
        "unknown argument in a selector",
        "backbone:\n- conv_bn: {filters: {argument: filter}}\n",
        "spec.yaml:2:33: backbone[0].conv_bn.filters: unknown argument ('filter'). One of: classes, input_size, output_stride, variant, width_multiplier",
    ),
    broken(
        "selector at the top level",
        "backbone: shufflenet_v2\nclasses: {by_variant: {paper: 19, reference: 21}}\n",
        "spec.yaml:2:11: classes: a selector cannot stand at the top level ('by_variant'). Write the value; selectors stand in the arguments of sections and steps",
    ),
    # ---- Choices --------------------------------------------------------------------------------------------------
    broken(
        "empty choice",
        "backbone: shufflenet_v2\nclasses: {choose: []}\n",
        "spec.yaml:2:19: classes.choose: must be a list of options ([]). Write {choose: [A, B]}",
    ),
    broken(
        "choice that is no list",
        "backbone: shufflenet_v2\nclasses: {choose: 19}\n",
        "spec.yaml:2:19: classes.choose: must be a list of options (19). Write {choose: [A, B]}",
    ),
    broken(
        "bad option",
        "backbone: shufflenet_v2\noutput_stride: {choose: [8, 12, 16]}\n",
        "spec.yaml:2:29: output_stride.choose[1]: not allowed (12). One of: 8, 16, 32",
    ),
    broken(
        "bad section option",
        "backbone: shufflenet_v2\nhead: {choose: [basic, dcp]}\n",
        "spec.yaml:2:24: head.choose[1]: unknown head 'dcp'. Did you mean 'dpc'?",
    ),
    broken(
        "bad argument in an option",
        "backbone: shufflenet_v2\nhead: {choose: [basic, {dpc: {filters: none}}]}\n",
        "spec.yaml:2:40: head.choose[1].dpc.filters: must be an integer ('none'). Write a whole number such as 1",
    ),
    broken(
        "range backwards",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 512, to: 64, step: 64}}}}\n",
        "spec.yaml:2:31: head.dpc.filters.range: 'to' must be greater than 'from' (512 to 64). Swap the two, or write the value",
    ),
    broken(
        "range without step",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 64, to: 512}}}}\n",
        "spec.yaml:2:31: head.dpc.filters.range: a range of integers needs a step. Write step: 1",
    ),
    broken(
        "range with an unknown key",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 64, to: 512, by: 64}}}}\n",
        "spec.yaml:2:51: head.dpc.filters.range.by: unknown key 'by'. One of: from, log, step, to",
    ),
    broken(
        "range out of bounds",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 0, to: 512, step: 64}}}}\n",
        "spec.yaml:2:38: head.dpc.filters.range.from: must be at least 1 (0). Allowed: at least 1",
    ),
    broken(
        "log range with step",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {range: {from: 64, to: 512, step: 64, log: true}}}}\n",
        "spec.yaml:2:31: head.dpc.filters.range: 'log' and 'step' exclude each other. Remove one of the two",
    ),
    broken(
        "choice in a name",
        "name: {choose: [a, b]}\nbackbone: shufflenet_v2\n",
        "spec.yaml:1:8: name: a choice cannot stand here ('choose'). Write the value",
    ),
    broken(
        "misspelt choice",
        "backbone: shufflenet_v2\nclasses: {chose: [19, 21]}\n",
        "spec.yaml:2:11: classes: must be an integer or a choice ('chose'). Did you mean 'choose'?",
    ),
    broken(
        "generator where a number stands",
        "backbone: shufflenet_v2\nhead: {dpc: {filters: {dpc_cell: {branches: 5}}}}\n",
        "spec.yaml:2:23: head.dpc.filters: must be an integer ({dpc_cell: {branches: 5}}). 'dpc_cell' makes a list",
    ),
    broken(
        "generator with a bad argument",
        "backbone: shufflenet_v2\nhead: {dpc: {branches: {dpc_cell: {branch: 5}}}}\n",
        "spec.yaml:2:36: head.dpc.branches.dpc_cell.branch: unknown argument 'branch'. Did you mean 'branches'?",
    ),
    broken(
        "open choices",
        "backbone: shufflenet_v2\nwidth_multiplier: {choose: [0.5, 1.0]}\nhead: {dpc: {filters: {range: {from: 64, to: 512, step: 64}}}}\n",
        "spec.yaml:2:19: width_multiplier: this choice is still open. Fix it with --set width_multiplier=VALUE",
        "spec.yaml:3:23: head.dpc.filters: this choice is still open. Fix it with --set head.dpc.filters=VALUE",
    ),
    broken(
        "open section choice",
        "backbone: shufflenet_v2\nhead: {choose: [basic, dpc]}\n",
        "spec.yaml:2:7: head: this choice is still open. Fix it with --set head=VALUE",
    ),
    # ---- Together -------------------------------------------------------------------------------------------------
    broken(
        "many faults together",
        "backbone: {shufflenet_v2: {width_multiplier: 0.75}}\nclases: 20\noutput_stride: 12\nhead: {dpc: {filter: 3}}\nclasses: 1\nclasses: 2\n",
        "--set decodr=bilinear: decodr: unknown key 'decodr'. Did you mean 'decoder'?",
        "spec.yaml:1:46: backbone.shufflenet_v2.width_multiplier: by_width of backbone 'shufflenet_v2' does not list it (0.75). One of: 0.5, 1.0, 1.5, 2.0",
        "spec.yaml:2:1: clases: unknown key 'clases'. Did you mean 'classes'?",
        "spec.yaml:3:16: output_stride: not allowed (12). One of: 8, 16, 32",
        "spec.yaml:4:14: head.dpc.filter: unknown argument 'filter'. Did you mean 'filters'?",
        "spec.yaml:6:1: duplicate key 'classes' (first on line 5). Remove one of the two",
        sets=("decodr=bilinear",),
    ),
    # ---- Part files and blocks of a plugin folder -----------------------------------------------------------------
    broken(
        "part with an unknown key",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:1: backbone.sumary: unknown key 'sumary'. Did you mean 'summary'?",
        tiny="sumary: x\nsteps: [{conv_bn: {filters: 8}}]\n",
    ),
    broken(
        "part without steps",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:1: backbone: missing key 'steps'. Write steps: and a list of blocks",
        tiny="summary: x\n",
    ),
    broken(
        "part with steps that are no list",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:8: backbone.steps: must be a list of steps ({conv_bn: {filters: 8}}). Write - BLOCK: {arguments}",
        tiny="steps: {conv_bn: {filters: 8}}\n",
    ),
    broken(
        "part with a choice",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:30: backbone.steps[0].conv_bn.filters: a choice cannot stand in a part file ('choose'). Declare an argument in 'arguments', and choose its value in the spec",
        tiny="steps: [{conv_bn: {filters: {choose: [8, 16]}}}]\n",
    ),
    broken(
        "part that declares a scope value",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:13: backbone.arguments.classes: 'classes' is given by the network. Declare another name",
        tiny="arguments: {classes: 8}\nsteps: [{conv_bn: {filters: 8}}]\n",
    ),
    broken(
        "part with a bad value",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:2:33: backbone.steps[0].conv_bn.kernel: must be an integer ('3x3'). Write a whole number such as 1",
        tiny="steps:\n- conv_bn: {filters: 8, kernel: 3x3}\n",
    ),
    broken(
        "part with a bad dilate",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:1:47: backbone.dilate.by_variant.reference: must be true or false ('maybe'). Write true or false",
        tiny="dilate: {by_variant: {paper: true, reference: maybe}}\nsteps: [{conv_bn: {filters: 8}}]\n",
    ),
    broken(
        "bad value for a part's argument",
        "backbone: {tiny: {stem: many}}\n",
        "spec.yaml:1:25: backbone.tiny.stem: must be an integer ('many'). Write a whole number such as 1",
        tiny="arguments: {stem: 8}\nsteps: [{conv_bn: {filters: {argument: stem}}}]\n",
    ),
    broken(
        "undeclared argument of a part",
        "backbone: tiny\n",
        "plugin/backbones/tiny.yaml:2:40: backbone.steps[0].conv_bn.filters: unknown argument ('stm'). Did you mean 'stem'?",
        tiny="arguments: {stem: 8}\nsteps: [{conv_bn: {filters: {argument: stm}}}]\n",
    ),
    broken(
        "top-level key as a part's argument",
        "backbone: {tiny: {output_stride: 8}}\n",
        "spec.yaml:1:19: backbone.tiny.output_stride: unknown argument 'output_stride' of backbone 'tiny'. Write it at the top level of the spec",
        tiny="steps: [{conv_bn: {filters: 8}}]\n",
    ),
    broken(
        "plugin block without its function",
        "backbone: [crash]\n",
        "plugin/crash.py:1:1: a block file must define a function of its own name ('crash'). "
        "Name the function 'crash', or the file after it",
        crash="def other(x, *, name): return x\n",
    ),
    broken(
        "plugin block with an annotation that has no form",
        "backbone: [crash]\n",
        "plugin/crash.py:1:1: crash: the annotation <class 'complex'> cannot be checked in argument 'size'. Use int, float, bool, str, Literal, tuple, Sequence or TypedDict",
        crash="def crash(x, *, size: complex = 1j, name): return x\n",
    ),
]
