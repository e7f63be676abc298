import sys

from generation.engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
