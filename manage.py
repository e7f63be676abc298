#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ganerate.settings")
    # A command that runs for minutes is read while it runs, through a pipe too.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text file, when we are the program
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Stopped, because of a setting: {error}")


if __name__ == "__main__":
    main()
