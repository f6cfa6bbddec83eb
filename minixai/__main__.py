"""`python -m minixai`: the command line."""

import sys

from minixai.cli import main

if __name__ == "__main__":
    sys.exit(main())
