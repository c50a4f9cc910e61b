"""`make bench`: what docs/figures.md promises, measured on this machine.

Every part compares things inside one run, and takes turns between them, because the machine is
never quiet; what a figure is divided by is measured beside it. One file per part.
"""

import sys
from pathlib import Path

# Where Lambda mounts the layer.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "shared"))
