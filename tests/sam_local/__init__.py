"""`make sam-local`: every function with its events, in containers beside the local stack."""

import sys
from pathlib import Path

# Where Lambda mounts the layer.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "shared"))
