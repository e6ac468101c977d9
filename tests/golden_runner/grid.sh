#!/usr/bin/env bash
# usage: tests/golden_runner/grid.sh SAVP_GOLDEN DIR...
# Runs the recorded cases under the folders with every instruction set that this CPU has, all of them with two threads and
# some with one and four and with sets mixed: each adds up in another order. Prints a row for each setting, and what failed.
set -euo pipefail

(($# >= 2)) || { sed -n 's/^# //; 2,4p' "${BASH_SOURCE[0]}" >&2; exit 2; }
golden=$1
folders=("${@:2}")
some=(arch_flow bair_ours_gan kth_ours_vae_l1 loss_nz0_gan savp_action_train sna_train sv2p_train)

# ours, LibTorch's, oneDNN's, threads, cases
grid='
plain  default SSE41   2 all
avx2   avx2    AVX2    2 all
avx512 avx512  DEFAULT 2 all
plain  default SSE41   1 some
plain  default SSE41   4 some
avx2   avx2    AVX2    1 some
avx2   avx2    AVX2    4 some
avx512 avx512  DEFAULT 1 some
avx512 avx512  DEFAULT 4 some
plain  avx2    AVX2    2 some
avx2   default SSE41   2 some
avx2   avx512  DEFAULT 2 some
avx512 avx2    AVX2    2 some'

# LibTorch does not ask whether the CPU has what its variable names.
cpu_has() { [[ $1 == default || $1 == plain ]] || grep -qwE "${1/avx512/avx512bw}" /proc/cpuinfo; }

failed=0
row='%-8s %-8s %-8s %7s %6s %7s %7s %7s\n'
# shellcheck disable=SC2059  # the format is above
printf "$row" ours LibTorch oneDNN threads cases passed failed kinks
while read -r ours libtorch onednn threads cases; do
  [[ -n $ours ]] || continue
  if ! cpu_has "$ours" || ! cpu_has "$libtorch"; then continue; fi
  filter=()
  [[ $cases == all ]] || filter=(--filter "${some[@]}")
  status=0
  said=$(SAVP_INSTRUCTIONS=$ours ATEN_CPU_CAPABILITY=$libtorch ONEDNN_MAX_CPU_ISA=$onednn OMP_NUM_THREADS=$threads \
    "$golden" "${folders[@]}" ${filter[@]+"${filter[@]}"}) || status=$?
  count() { grep -cE "$1" <<<"$said" || true; }
  # shellcheck disable=SC2059
  printf "$row" "$ours" "$libtorch" "$onednn" "$threads" "$cases" "$(count '^PASS')" "$(count '^FAIL')" \
    "$(count '^PASS.*on a kink')"
  if ((status != 0)); then
    grep '^FAIL' <<<"$said" || echo "savp_golden ended with $status"
    failed=1
  fi
done <<<"$grid"
exit $failed
