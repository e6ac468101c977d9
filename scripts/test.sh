#!/usr/bin/env bash
# usage: scripts/test.sh [--cpu | --cuda]
# Sets everything up, builds it, checks format and layers, and runs all tests. Those that need a GPU are skipped where
# there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh "$@"
scripts/check.sh
ctest --preset release
