# Two images of one installation: `docker build --target cpu .` and `docker build --target cuda .`.
# tests/test_container.py runs the RUN lines of a target as a script in a fresh folder. No image was built of it yet.
FROM python:3.12-slim-bookworm AS base
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH PYTHONNOUSERSITE=1
RUN apt-get update -q && apt-get install -qy --no-install-recommends git && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv "$VIRTUAL_ENV" && "$VIRTUAL_ENV/bin/pip" install -q uv
WORKDIR /opt/geokr-bench
COPY . .

FROM base AS cpu
# torch's CPU build where the machine offers one by `--build-arg TORCH_INDEX=...`; the default build runs on a CPU too.
ARG TORCH_INDEX=""
RUN uv pip install -q ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -e .
RUN bench --version && bench methods && bench plan --study demo
ENTRYPOINT ["bench"]

FROM base AS cuda
# The default build of torch carries its CUDA libraries; the host gives the driver (`docker run --gpus all`).
RUN uv pip install -q -e .
RUN bench --version && bench methods
ENTRYPOINT ["bench"]
