"""Makes a virtual environment match a lock file: `python bootstrap.py .venv requirements.txt`.

Standard library only, and readable by every Python since 3.6 up to the version check, so that an
old one gets a sentence instead of a syntax error. A stamp per lock file holds its hash: nothing is
installed again until the file or the Python changes.
"""

import hashlib
import os
import subprocess
import sys

OLDEST = (3, 11)
LOG = "install.log"


def main(arguments: "list[str]") -> int:
    """Returns the process's exit status; says in one line what is missing."""
    version = sys.version_info[:2]
    if version < OLDEST:
        print(
            f"Python 3.11 or newer is needed, and {sys.executable} is {version[0]}.{version[1]}: "
            "name another one, for example PYTHON=python3.13 make run",
            file=sys.stderr,
        )
        return 2
    environment, lock_file = arguments
    if is_current(environment, lock_file):
        return 0
    print(f"· installing {lock_file} into {environment}, once", flush=True)
    if not install(environment, lock_file):
        log = os.path.join(environment, LOG)
        print(f"Installing failed (is there a network?); pip's own words: {log}", file=sys.stderr)
        return 1
    with open(stamp_of(environment, lock_file), "w", encoding="utf-8") as stamp:
        stamp.write(fingerprint(lock_file))
    return 0


def is_current(environment: str, lock_file: str) -> bool:
    """True when this very lock file was installed by this Python."""
    try:
        with open(stamp_of(environment, lock_file), encoding="utf-8") as stamp:
            return stamp.read() == fingerprint(lock_file)
    except OSError:
        return False


def stamp_of(environment: str, lock_file: str) -> str:
    """Where the hash of an installed lock file is kept."""
    return os.path.join(environment, lock_file.replace(os.sep, "-") + ".installed")


def fingerprint(lock_file: str) -> str:
    """What is installed: this Python and the lock file's contents."""
    with open(lock_file, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return f"{sys.version_info[0]}.{sys.version_info[1]} {digest}"


def install(environment: str, lock_file: str) -> bool:
    """Creates the environment if need be and installs the lock file; True when both worked."""
    python = os.path.join(environment, "bin", "python")
    commands = [[python, "-m", "pip", "install", "--require-hashes", "--no-input"]]
    commands[0] += ["--disable-pip-version-check", "-r", lock_file]
    library = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if not os.path.isdir(os.path.join(environment, "lib", library)):
        commands.insert(0, [sys.executable, "-m", "venv", "--clear", environment])
    return all(succeeds(command, environment) for command in commands)


def succeeds(command: "list[str]", environment: str) -> bool:
    """Runs a command, its output to the environment's log."""
    os.makedirs(environment, exist_ok=True)
    with open(os.path.join(environment, LOG), "ab") as log:
        return subprocess.call(command, stdout=log, stderr=log) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
