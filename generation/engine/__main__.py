import logging
import sys

from generation.engine.options import parser

if __name__ == "__main__":
    # Before torch, which takes seconds to load: help and slips of the pen are answered at once.
    parser().parse_args()
    # The choice of the device, with its reason.
    logging.basicConfig(format="%(message)s")
    logging.getLogger("generation.engine").setLevel(logging.INFO)
    try:
        from generation.engine.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)
