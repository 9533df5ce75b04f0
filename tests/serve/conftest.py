"""Makes the stand-in embedder of the gallery's tests importable here, whichever tests are run."""

import sys
from pathlib import Path

GALLERY_TESTS = str(Path(__file__).parents[1] / "gallery")
if GALLERY_TESTS not in sys.path:
    sys.path.append(GALLERY_TESTS)
