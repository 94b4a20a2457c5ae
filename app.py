"""Open the chat page: `python app.py`, then http://127.0.0.1:7860."""

from __future__ import annotations

import argparse
import sys

from assistant.errors import AssistantError


def main() -> None:
    parser = argparse.ArgumentParser(description="Open the chat page of the assistant.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=7860, help="port (%(default)s)")
    flags = parser.parse_args()

    # After the flags, so that --help and a wrong flag do not wait for the imports.
    from assistant.cli.shared import open_with_progress
    from assistant.settings import read_settings
    from assistant.web.server import launch

    try:
        launch(open_with_progress(read_settings()), flags.host, flags.port)
    except AssistantError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
