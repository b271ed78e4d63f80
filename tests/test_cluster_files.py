"""The working files of docs/cluster: they are read as what they are, and what they start is a run that composes."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hypnos.experiment.run import check_configuration

ROOT = Path(__file__).parents[1]
FILES = ROOT / "docs" / "cluster"
NOTES = "import json, os, sys; print(json.dumps(sys.argv[1:]), file=open(os.environ['NOTES'], 'a')); sys.exit(%d)"


@pytest.fixture
def noted(tmp_path):
    """Runs a command with programs that note their words; gives its exit status and the words, in order."""

    def run(words, environment, **programs):
        for name, status in programs.items():
            program = tmp_path / name
            code = shlex.quote(NOTES % status)
            program.write_text(f'#!/bin/sh\nexec {sys.executable} -c {code} {name} "$@"\n')
            program.chmod(0o755)
        notes = tmp_path / "notes"
        place = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(notes), "PYTHON": str(tmp_path / "python")}
        done = subprocess.run(words, cwd=ROOT, env=os.environ | place | environment, capture_output=True, text=True)
        lines = [json.loads(line) for line in notes.read_text().splitlines()] if notes.is_file() else []
        notes.unlink(missing_ok=True)
        return done.returncode, lines

    return run


def settings_of(words):
    """What follows train.py on a command line."""
    assert words.count("train.py") == 1
    return words[words.index("train.py") + 1 :]


def flags_of(words):
    """Flags with a value, of what stands before train.py."""
    return dict(word[2:].split("=", 1) for word in words[: words.index("train.py")] if re.match("--.+=", word))


def composed(compose, words):
    """The words as train.py would take them, checked as it checks them."""
    config = compose("train", words)
    check_configuration(config)
    return config


@pytest.mark.parametrize("file", ["torchrun.sh", "slurm.sbatch"])
def test_shell_files_are_shell(file):
    assert subprocess.run(["bash", "-n", str(FILES / file)], check=False).returncode == 0


def test_torchrun_starts_what_its_variables_say(noted, compose):
    place = {"NODES": "2", "GPUS": "4", "MASTER": "gpu1", "RUN": "first", "PORT": "7"}
    words = ["bash", "docs/cluster/torchrun.sh", "model=llama2_7b", "paths.artefacts=/shared/artefacts"]
    status, [asked] = noted(words, place, python=0)
    assert status == 0 and asked[:3] == ["python", "-m", "torch.distributed.run"]
    assert flags_of(asked) == {
        **{"nnodes": "2", "nproc-per-node": "4", "max-restarts": "3"},
        **{"rdzv-backend": "c10d", "rdzv-id": "first", "rdzv-endpoint": "gpu1:7"},
    }
    config = composed(compose, settings_of(asked))
    assert (config["num_nodes"], config["devices"], config["strategy"]) == (2, 4, "fsdp")
    assert config["model"]["path"] and config["paths"]["artefacts"] == "/shared/artefacts"


def test_slurm_queues_a_job_that_was_told_to_end_again_and_no_other(noted, compose):
    job = {"SLURM_SUBMIT_DIR": str(ROOT), "SLURM_CPUS_PER_TASK": "8", "SLURM_JOB_ID": "7"}
    job |= {"SLURM_NNODES": "2", "SLURM_NTASKS_PER_NODE": "8"}
    words = ["bash", "docs/cluster/slurm.sbatch", "model=llama2_7b"]
    status, [asked, requeued] = noted(words, job, srun=143, scontrol=0)
    assert status == 143 and requeued == ["scontrol", "requeue", "7"]
    assert asked[1] == "--kill-on-bad-exit=0"
    config = composed(compose, settings_of(asked))
    assert (config["num_nodes"], config["devices"], config["accelerator"]) == (2, 8, "gpu")
    for ended in (0, 1):
        status, started = noted(words, job, srun=ended, scontrol=0)
        assert status == ended and len(started) == 1
    flags = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)$", (FILES / "slurm.sbatch").read_text("utf-8"), re.MULTILINE))
    assert flags["ntasks-per-node"] == flags["gpus-per-node"] and flags["signal"].startswith("USR1@")


def test_skypilot_runs_torchrun_on_each_machine(noted, compose):
    task = yaml.safe_load((FILES / "skypilot.yaml").read_text("utf-8"))
    place = {"SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2", "SKYPILOT_NUM_NODES": str(task["num_nodes"])}
    place |= {"SKYPILOT_NUM_GPUS_PER_NODE": task["resources"]["accelerators"].split(":")[1]}
    place |= {"SKYPILOT_TASK_ID": "sky-1", **task["envs"], "OVERRIDES": "model=llama2_7b seed=1"}
    status, [asked] = noted(["bash", "-c", task["run"]], place, python=0)
    assert status == 0 and flags_of(asked)["rdzv-endpoint"] == "10.0.0.1:29500"
    config = composed(compose, settings_of(asked))
    assert (config["num_nodes"], config["devices"], config["seed"]) == (2, 8, 1)
    assert Path(config["paths"]["artefacts"]).parent == Path(next(iter(task["volumes"])))
    lock = re.search(r"-r (\S+)", task["setup"])
    assert lock and (ROOT / lock[1]).is_file()


def test_jobset_runs_torchrun_in_each_pod(noted, compose):
    jobset = yaml.safe_load((FILES / "jobset.yaml").read_text("utf-8"))
    assert (jobset["apiVersion"], jobset["kind"]) == ("jobset.x-k8s.io/v1alpha2", "JobSet")
    (ranks,) = jobset["spec"]["replicatedJobs"]
    job = ranks["template"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}
    assert job["parallelism"] == job["completions"] == int(variables["NODES"])
    assert container["resources"]["limits"]["nvidia.com/gpu"] == variables["GPUS"]
    # A pod's name at JobSet's own service: <set>-<job>-<number of the job>-<number of the pod>.<set>
    name = jobset["metadata"]["name"]
    assert variables["MASTER"] == f"{name}-{ranks['name']}-0-0.{name}"
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in pod["volumes"]}
    status, [asked] = noted([*container["command"], *container["args"]], variables, python=0)
    assert status == 0 and flags_of(asked)["max-restarts"] == "0"
    config = composed(compose, settings_of(asked))
    assert (config["num_nodes"], config["devices"]) == (2, 8)
    assert config["paths"]["artefacts"].startswith(mounted["shared"])
    (folder,) = (word.partition("=")[2] for word in settings_of(asked) if word.startswith("hydra.run.dir="))
    assert folder == f"{mounted['shared']}/outputs/cluster/hypnos"


@pytest.mark.slow
def test_a_rank_that_torchrun_starts_composes_its_configuration(tmp_path):
    place = {"NODES": "1", "GPUS": "1", "RUN": "cfg", "PORT": "0", "PYTHON": sys.executable}
    words = ["bash", str(FILES / "torchrun.sh"), "model=llama2_7b", "--cfg", "job"]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["strategy"] == "fsdp"
