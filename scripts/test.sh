#!/usr/bin/env bash
# usage: scripts/test.sh [--slow] [--cpu | --cuda]
# Sets everything up, builds it, checks format and layers, and runs the tests; with --slow those that take minutes
# instead. Tests that need a GPU are skipped where there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

device=()
choice=(--label-exclude slow)
for argument; do
  case $argument in
    --slow) choice=(--label-regex slow) ;;
    --cpu | --cuda) device=("$argument") ;;
    *) sed -n 's/^# //; 2,4p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  esac
done

scripts/build.sh "${device[@]+"${device[@]}"}"
scripts/check.sh
ctest --preset release "${choice[@]}"
