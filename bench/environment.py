"""Environments of programs compared with, beside this project's own: made when they are first needed."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.promise import ROOT


def interpreter(name: str, pins: Sequence[str]) -> Path:
    """The Python of `.bench/<name>`, in which the pinned packages are installed."""
    folder = ROOT / ".bench" / name
    python = folder / "bin" / "python"
    installed = folder / ".installed"
    wanted = "\n".join(pins)
    if not installed.is_file() or installed.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *pins], check=True, stderr=subprocess.DEVNULL)
        installed.write_text(wanted, "utf-8")
    return python
