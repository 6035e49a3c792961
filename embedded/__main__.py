"""``python -m embedded COMMAND``: what the Makefile calls."""

import argparse
import os
import sys
from collections.abc import Callable

from embedded import commands, keeping
from embedded.errors import EmbeddedError
from embedded.settings import Settings
from embedded.terminal import complain

COMMANDS: dict[str, Callable[[Settings], int]] = {
    "run": commands.run,
    "once": lambda settings: commands.run(settings, stay=False),
    "up": commands.up,
    "down": commands.down,
    "status": keeping.status,
    "serve": keeping.serve,
    "service": keeping.make_service,
    "restart": keeping.restart,
    "backup": keeping.backup,
    "restore": keeping.restore,
    "deploy": commands.deploy,
    "invoke": commands.invoke,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, help="once: run without staying up")
    command = COMMANDS[parser.parse_args().command]
    settings = Settings.of_process()
    # This process, too, must use the emulator only, and never the user's profile or account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(settings.aws_environment)
    try:
        return command(settings)
    except EmbeddedError as problem:
        complain(str(problem))
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
