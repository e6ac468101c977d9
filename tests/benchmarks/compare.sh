#!/usr/bin/env bash
# Measures savp_bench and another program alternately, so that both see the same machine, and prints the medians and
# their ratio.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: tests/benchmarks/compare.sh [--rounds N] -- SAVP_BENCH_COMMAND... -- OTHER_COMMAND...

Both commands print a JSON line with "median_s" and, if they know it, "peak_mib". They run in turn, N times (5).
Use OMP_WAIT_POLICY=PASSIVE for both on a machine that does something else as well.

  tests/benchmarks/compare.sh -- build/bin/savp_bench --what train --threads 2 --iterations 3 \
      --model_hparams_dict hparams/bair_action_free/ours_savp/model_hparams.json \
      -- python peer/bench.py --task train --batch 2 --threads 2 --iters 3
EOF
}

# The value of a number's key in the last JSON line of a text.
number() { grep '^{' <<<"$2" | tail -1 | grep -oE "\"$1\": *[0-9.e+-]+" | grep -oE '[0-9.e+-]+$' || true; }

median() { sort -g | awk '{ x[NR] = $1 } END { if (NR) print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'; }

greatest() { sort -g | tail -1; }

rounds=5
if [[ ${1:-} == --rounds ]]; then rounds=$2 && shift 2; fi
if [[ ${1:-} != -- ]]; then usage >&2 && exit 2; fi
shift
ours=()
while (($#)) && [[ $1 != -- ]]; do ours+=("$1") && shift; done
if (($# < 2)) || ((${#ours[@]} == 0)); then usage >&2 && exit 2; fi
shift
other=("$@")

results=$(mktemp -d)
trap 'rm -r "$results"' EXIT
for ((round = 1; round <= rounds; ++round)); do
  for side in ours other; do
    declare -n command=$side
    output=$("${command[@]}")
    number median_s "$output" >>"$results/$side.seconds"
    number peak_mib "$output" >>"$results/$side.mebibytes"
    echo "round $round $side: $(tail -1 "$results/$side.seconds") s" >&2
  done
done

ours_s=$(median <"$results/ours.seconds") other_s=$(median <"$results/other.seconds")
printf '{"rounds": %d, "ours_s": %s, "other_s": %s, "speedup": %.3f, "ours_peak_mib": %s, "other_peak_mib": %s}\n' \
  "$rounds" "$ours_s" "$other_s" "$(awk "BEGIN { print $other_s / $ours_s }")" \
  "$(greatest <"$results/ours.mebibytes")" "$(greatest <"$results/other.mebibytes")"
