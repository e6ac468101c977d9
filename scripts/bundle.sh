#!/usr/bin/env bash
# Puts everything that scripts/gpu_check.sh needs into one folder, to be carried to a machine that has PyTorch but not what
# this program was built with.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/bundle.sh OUT [--build DIR] [--data DIR] [--peer DIR] [--checkout]

Makes the folder OUT of at most 45 MiB: programs, the libraries they need besides LibTorch's, toy data, recorded cases that
fit, hyperparameters, and gpu_check.sh, which runs them there. An older bundle in OUT is replaced.
  --build DIR   build tree with the programs (default: build-gpu-check, of the preset gpu-check)
  --data DIR    toy data set (default: made by savp_preprocess, of DIR or else of build/)
  --peer DIR    a PyTorch program to compare with: bench.py and savp_torch.py
  --checkout    OUT travels inside this source tree, whose recorded cases are used: they are left out, and both together may
                have 64 MiB
EOF
}

fail() {
  echo "bundle: $*" >&2
  exit 3
}

programs=(savp_bench savp_golden savp_train kernels_test training_test)
mib=$((1 << 20))
most=$((45 * mib))

# What every machine with PyTorch has: glibc, GCC's run-time libraries, LibTorch and NVIDIA's.
at_hand='^(ld-linux|lib(c|m|dl|rt|util|pthread|stdc\+\+|gcc_s|gomp|torch.*|c10.*|cu[a-z].*|nv.*|nccl)\.so)'

# The libraries that a program needs besides, as files.
libraries() {
  local found
  found=$(ldd "$1")
  if grep 'not found' <<<"$found" >&2; then fail "$1: its libraries above are not there"; fi
  awk '$3 ~ /^\// { print $1, $3 }' <<<"$found" | { grep -vE "$at_hand" || true; } | cut -d' ' -f2
}

# Where libraries are on this machine must not count on the other.
forget_this_machine() {
  local script=$unfinished/forget.cmake
  printf 'file(RPATH_REMOVE FILE "%s")\n' "$unfinished"/bin/* >"$script"
  cmake -P "$script" >/dev/null
  rm "$script"
}

copy_programs() {
  mkdir -p "$unfinished/bin" "$unfinished/lib/fallback"
  local program library
  for program in "${programs[@]}"; do
    [[ -x $build/bin/$program ]] || fail "$build/bin/$program is not there: cmake --build --preset gpu-check makes it"
    strip -o "$unfinished/bin/$program" "$build/bin/$program"
    for library in $(libraries "$build/bin/$program"); do cp -Lu "$library" "$unfinished/lib/"; done
  done
  forget_this_machine
  # PyTorch's wheels bring it along, other builds of PyTorch use the machine's.
  cp -L "$(gcc -print-file-name=libgomp.so.1)" "$unfinished/lib/fallback/"
}

copy_toy_data() {
  if [[ -n $data ]]; then
    cp -r "$data" "$unfinished/toy"
    return
  fi
  local tool log
  for tool in {"$build",build}/bin/savp_preprocess; do
    [[ -x $tool ]] || continue
    log=$("$tool" toy --output_dir "$unfinished/toy" --size 32 --length 12 --num_train 32 --num_val 4 --num_test 4 2>&1) && return
  done
  fail "toy data could not be made: ${log:-there is no savp_preprocess}; --data gives some"
}

# The smallest first, until the bundle is full; batches are made of data sets.
copy_recorded_cases() {
  local room size case left_out=0
  mkdir -p "$unfinished/golden/data"
  cp -r tests/golden/data/A_datasets "$unfinished/golden/data/"
  room=$((most - $(bytes "$unfinished")))
  while read -r size case; do
    ((size <= room)) || { left_out=$((left_out + 1)) && continue; }
    mkdir -p "$unfinished/golden/$(dirname "$case")"
    cp -r "tests/golden/$case" "$unfinished/golden/$case"
    room=$((room - size))
  done < <(cd tests/golden && du -sb -- models/* data/B_batches/* | sort -n)
  ((left_out == 0)) || echo "bundle: $left_out of the recorded cases are too large and left out"
}

copy_rest() {
  mkdir -p "$unfinished/hparams/bair_action_free"
  cp -r hparams/bair_action_free/ours_savp "$unfinished/hparams/bair_action_free/"
  cp scripts/gpu_check.sh scripts/gpu_check.py "$unfinished/"
  if [[ -n $peer ]]; then
    mkdir "$unfinished/peer"
    cp "$peer/bench.py" "$peer/savp_torch.py" "$unfinished/peer/"
  fi
  printf '{"built from": "%s"}\n' "$(git describe --always --dirty 2>/dev/null || echo unknown)" >"$unfinished/bundle.json"
}

bytes() { du -sb -- "$1" | cut -f1; }
checkout_bytes() { git ls-files -z --cached --others --exclude-standard | du -cb --files0-from=- 2>/dev/null | tail -1 | cut -f1; }
as_mib() { awk -v bytes="$1" -v mib=$mib 'BEGIN { printf "%.1f MiB", bytes / mib }'; }

check_size() {
  local size whole
  size=$(bytes "$unfinished")
  echo "bundle: $out has $(as_mib "$size")"
  ((size <= most)) || fail "at most 45 MiB may travel: see --checkout, or give a smaller --data"
  [[ $checkout == yes ]] || return 0
  whole=$((size + $(checkout_bytes)))
  echo "bundle: with the source tree $(as_mib "$whole")"
  ((whole <= 64 * mib)) || fail "the source tree and the bundle have more than 64 MiB"
}

# absolute FLAG DIR: the folder a flag names, which is relative to where the user is.
absolute() {
  [[ -n $2 ]] || { echo "bundle: $1 needs a folder" >&2 && exit 2; }
  realpath -m -- "$2"
}

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out='' build=$source/build-gpu-check data='' peer='' checkout=no
while (($# > 0)); do
  case $1 in
    --build) build=$(absolute "$1" "${2-}") || exit 2; shift ;;
    --data) data=$(absolute "$1" "${2-}") || exit 2; shift ;;
    --peer) peer=$(absolute "$1" "${2-}") || exit 2; shift ;;
    --checkout) checkout=yes ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && exit 2 ;;
    *) out=$(realpath -m -- "$1") ;;
  esac
  shift
done
[[ -n $out ]] || { usage >&2 && exit 2; }
cd "$source"
[[ ! -e $out || -e $out/bundle.json ]] || fail "$out is there already, and no bundle"

unfinished=$out.unfinished
trap 'rm -rf "$unfinished"' EXIT
rm -rf "$unfinished" && mkdir -p "$unfinished"
copy_programs
copy_toy_data
copy_rest
[[ $checkout == yes ]] || copy_recorded_cases
check_size
rm -rf "$out"
mv "$unfinished" "$out"
