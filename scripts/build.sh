#!/usr/bin/env bash
# usage: scripts/build.sh [--cpu | --cuda] [TARGET...]
# Sets everything up (see scripts/setup.sh) and builds it all, or the targets named, in build/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  --cpu) device=$1 cuda=OFF && shift ;;
  --cuda) device=$1 cuda=ON && shift ;;
  --*) sed -n 's/^# //; 2,3p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
  *) device= cuda=AUTO ;;
esac
scripts/setup.sh $device
cmake --preset release -DSAVP_CUDA=$cuda | grep -E '^-- (LibTorch|CUDA):'
cmake --build --preset release ${1:+--target "$@"}
