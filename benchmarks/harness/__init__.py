"""What the benchmarks share. Importing it puts the checkout it stands in first on the path: that is measured."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
