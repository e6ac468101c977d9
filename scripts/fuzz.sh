#!/usr/bin/env bash
# usage: scripts/fuzz.sh [--seconds N] [--keep] [NAME...]
# Fuzzes the readers of foreign bytes (tests/fuzz/NAME.cpp; all unless named) one after the other, N seconds each
# (default 600), and prints a line for each. Needs clang. What is found lies in build-fuzz/found/NAME; --keep adds the
# inputs that reach new code to tests/fuzz/corpus/NAME. Exit code 1 if anything was found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=600
keep=no
names=()
while (($# > 0)); do
  case $1 in
    --seconds) seconds=${2:?} && shift ;;
    --keep) keep=yes ;;
    -*) sed -n 's/^# //; 2,5p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
((${#names[@]} > 0)) || read -ra names < <(sed -n 's/^set(savp_fuzz_targets \(.*\))$/\1/p' tests/fuzz/targets.cmake)

limits=(-rss_limit_mb=1024 -timeout=10 -max_len=16384 -close_fd_mask=3 -print_final_stats=1)

build() {
  cmake --preset fuzz >/dev/null
  cmake --build build-fuzz --target "${names[@]/#/fuzz_}"
}

# "pickles: 123456 runs in 601 s, nothing found".
fuzz() {
  local name=$1 found=build-fuzz/found/$1 drawn=build-fuzz/corpus/$1 log=build-fuzz/$1.log
  mkdir -p "$found" "$drawn"
  if nice -n 19 "build-fuzz/bin/fuzz_$name" "${limits[@]}" -max_total_time="$seconds" -artifact_prefix="$found/" \
    "$drawn" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    sed -n "s/^Done \([0-9]*\) runs in \([0-9]*\) second.*/$name: \1 runs in \2 s, nothing found/p" "$log"
  else
    echo "$name: found something: $(grep -m 1 -E 'ERROR|runtime error' "$log"), see $log and $found"
    return 1
  fi
}

# The smallest set of inputs that reach as much code.
keep_inputs() {
  local name=$1 merged=build-fuzz/merged/$1
  rm -rf "$merged" && mkdir -p "$merged"
  "build-fuzz/bin/fuzz_$name" "${limits[@]}" -max_len=2048 -merge=1 "$merged" "tests/fuzz/corpus/$name" \
    "build-fuzz/corpus/$name" >"build-fuzz/$name.merge.log" 2>&1
  cp -n "$merged"/* "tests/fuzz/corpus/$name/"
}

build
failed=0
for name in "${names[@]}"; do
  fuzz "$name" || failed=1
  if [[ $keep == yes ]]; then keep_inputs "$name"; fi
done
exit $failed
