#!/usr/bin/env bash
# Runs scripts/gpu_check.py, which explains itself with --help. PYTHON in the environment: which Python, the
# one that has PyTorch.
exec "${PYTHON:-python3}" "$(dirname "${BASH_SOURCE[0]}")/gpu_check.py" "$@"
