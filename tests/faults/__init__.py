"""What must hold whatever crashes, drops or repeats: races, a storm of faults, and the judge."""

import sys
from pathlib import Path

# Where Lambda mounts the layer; pytest finds it by itself, `make storm` does not.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "shared"))
