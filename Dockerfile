# Hypnos in a container, as a user without rights over the machine.
#   docker build --target cpu -t hypnos .     TORCH_INDEX=<index of torch's CPU builds> saves some gigabytes
#   docker build --target cuda -t hypnos .    for NVIDIA GPUs: the driver is the machine's, CUDA comes with torch
#   docker run --rm hypnos make test
FROM python:3.11-slim-bookworm AS system
# Versions are those of the Debian release that the base names.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium fonts-noto-cjk gcc git libc6-dev make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home hypnos \
    && mkdir /hypnos \
    && chown hypnos:hypnos /hypnos
USER hypnos
WORKDIR /hypnos
ENV PIP_NO_CACHE_DIR=1 PATH=/hypnos/.venv/bin:$PATH
# What the environment is made of comes first, so that a change of the code does not make it anew.
COPY --chown=hypnos:hypnos requirements.lock Makefile ./

FROM system AS cpu
ARG TORCH_INDEX=""
RUN python -m venv .venv \
    && if [ -n "$TORCH_INDEX" ]; then \
         .venv/bin/python -m pip install --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.lock)"; \
       fi \
    && make .venv/.installed
COPY --chown=hypnos:hypnos . .
RUN touch .venv/.installed
CMD ["make", "demo"]

FROM system AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN make .venv/.installed \
    && .venv/bin/python -m pip install "$(grep '^accelerate==' requirements.lock)" 'bitsandbytes>=0.46.1'
COPY --chown=hypnos:hypnos . .
RUN touch .venv/.installed
CMD ["python", "train.py", "accelerator=gpu"]
