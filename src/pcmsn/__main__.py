"""``python -m pcmsn``."""

from pcmsn.cli.app import main

main()
