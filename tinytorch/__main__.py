"""`python -m tinytorch train.py --lr 0.1`: run a PyTorch program, unmodified, on tinytorch."""

import sys

from .program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
