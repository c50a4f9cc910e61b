"""What several groups of tests share: adapters in memory, test data, a reader of template.yaml."""

import sys
from pathlib import Path

# Where Lambda mounts the layer; pytest finds it by itself, a command does not.
sys.path.append(str(Path(__file__).resolve().parents[2] / "layers" / "shared"))
