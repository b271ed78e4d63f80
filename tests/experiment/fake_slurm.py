"""SLURM's commands on one machine, told apart by the first argument; sbatch runs the script it is given.

State lies in the folder that FAKE_SLURM names: a file for each task of a job, with its state.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

STATE = Path(os.environ["FAKE_SLURM"])
JOB = "7"


def sbatch(arguments: list[str]) -> int:
    """Start every task of an array at once, each as a process of its own; says the job's number as SLURM does."""
    script = Path(arguments[-1])
    flags = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script.read_text("utf-8"), re.MULTILINE))
    (STATE / "flags").write_text(repr(flags), "utf-8")
    first, last = map(int, re.match(r"'?(\d+)-(\d+)", flags["array"]).groups())  # type: ignore[union-attr]
    for task in range(first, last + 1):
        (STATE / f"{JOB}_{task}").write_text("RUNNING")
        job = {"SLURM_JOB_ID": f"{int(JOB) + 1 + task}", "SLURM_ARRAY_JOB_ID": JOB, "SLURM_ARRAY_TASK_ID": str(task)}
        job |= {"SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_NODELIST": "n1", "SLURM_NODEID": "0"}
        job |= {"SLURM_NNODES": "1", "SLURM_NTASKS_PER_NODE": "1", "SLURM_JOB_NAME": flags["job-name"]}
        runner = [sys.executable, __file__, "--run", str(script), f"{JOB}_{task}"]
        with (STATE / f"log-{task}").open("wb") as log:
            subprocess.Popen(runner, env=os.environ | job, stdout=log, stderr=log, start_new_session=True)
    print(f"Submitted batch job {JOB}")
    return 0


def run(script: str, task: str) -> int:
    """Run one task's script to its end, and note how it ended."""
    status = subprocess.run(["bash", script], check=False).returncode
    (STATE / task).write_text("FAILED" if status else "COMPLETED")
    return status


def srun(arguments: list[str]) -> int:
    """Run a command as the only task of its step."""
    files = {}
    while arguments[0].startswith("--"):
        flag, *arguments = arguments
        if flag in ("--output", "--error"):
            pattern, *arguments = arguments
            known = {"%A": "SLURM_ARRAY_JOB_ID", "%a": "SLURM_ARRAY_TASK_ID", "%j": "SLURM_JOB_ID"}
            for sign, name in known.items():
                pattern = pattern.replace(sign, os.environ[name])
            files[flag] = Path(pattern.replace("%t", "0"))
    step = {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_STEP_ID": "0"}
    with files["--output"].open("ab") as out, files["--error"].open("ab") as err:
        return subprocess.run(arguments, env=os.environ | step, stdout=out, stderr=err, check=False).returncode


def sacct(arguments: list[str]) -> int:
    """List the tasks, as `--parsable2` does."""
    print("JobID|State|NodeList")
    for file in sorted(STATE.glob(f"{JOB}_*")):
        print(f"{file.name}|{file.read_text()}|n1")
    return 0


COMMANDS = {"sbatch": sbatch, "srun": srun, "sacct": sacct}

if __name__ == "__main__":
    if sys.argv[1] == "--run":
        sys.exit(run(*sys.argv[2:]))
    sys.exit(COMMANDS.get(sys.argv[1], lambda _: 0)(sys.argv[2:]))
