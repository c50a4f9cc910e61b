"""Looks at a deployed stack as its operator and as a client, and prints what it found."""

import sys
from pathlib import Path

# Where Lambda mounts the layer; pytest finds it by itself, `make aws-smoke` does not.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "shared"))
