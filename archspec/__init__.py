"""archspec: from a YAML spec to a segmentation network that fits a phone.

Importing this package imports nothing heavy and never fails: another distribution of the same
import name (a CPU library) is executed by conda at start-up, and ours must be as harmless.
"""

from pathlib import Path as _Path

__version__ = "0.1.0"

# A plain checkout keeps `blocks/` and `search/` at its top level; installed, they are `archspec.blocks`
# and `archspec.search` (package_dir in setup.cfg). This lets the checkout run without being installed.
_root = _Path(__file__).resolve().parent.parent
if (_root / "setup.cfg").is_file() and (_root / "blocks" / "__init__.py").is_file():
    __path__.append(str(_root))
