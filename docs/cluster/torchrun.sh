#!/usr/bin/env bash
# train.py on one machine or several, by torchrun: run this on each of them, with the same words.
#   NODES=2 GPUS=8 MASTER=gpu1 RUN=first bash docs/cluster/torchrun.sh model=llama2_7b paths.artefacts=/shared/artefacts
# OUTPUTS is where logs and results go, outputs/ by default. A rank that dies has all start again (RESTARTS times) from the last checkpoint.
set -euo pipefail
cd "$(dirname "$0")/../.."
nodes="${NODES:-1}" gpus="${GPUS:-8}" run="${RUN:-run}"
exec "${PYTHON:-.venv/bin/python}" -m torch.distributed.run \
  --nnodes="$nodes" --nproc-per-node="$gpus" --max-restarts="${RESTARTS:-3}" \
  --rdzv-backend=c10d --rdzv-id="$run" --rdzv-endpoint="${MASTER:-localhost}:${PORT:-29500}" \
  train.py accelerator="${ACCELERATOR:-gpu}" strategy="${STRATEGY:-fsdp}" num_nodes="$nodes" devices="$gpus" \
  hydra.run.dir="${OUTPUTS:-outputs}/cluster/$run" "$@"
