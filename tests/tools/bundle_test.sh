#!/usr/bin/env bash
# usage: bundle_test.sh SOURCE_DIR BUILD_DIR WORK_DIR TORCH_DIR
# scripts/bundle.sh, and that what it makes runs elsewhere, without what the build knows of this machine.
set -euo pipefail
source=$1 build=$2 work=$3 torch=$4
rm -rf "$work" && mkdir -p "$work"
cd "$work"

fail() { echo "FAIL: $*" >&2; exit 1; }
bundle() { "$source/scripts/bundle.sh" "$work/bundle" "$@" >log 2>&1; }

# --- savp_train and savp_golden of a usual build bring FFmpeg along, and that is too large.
if bundle --build "$build"; then fail "a large bundle is made"; fi
grep -q 'at most 45 MiB may travel' log || { cat log && fail "it is not said that the bundle is too large"; }
[[ ! -e bundle && ! -e bundle.unfinished ]] || fail "half a bundle is left"

# --- Without them.
mkdir -p carried/bin
ln -s "$build/bin/light_bench" carried/bin/savp_bench
ln -s savp_bench carried/bin/savp_golden
for program in savp_preprocess kernels_test training_test; do
  ln -s "$build/bin/$program" carried/bin/
done
if bundle --build carried; then fail "a bundle without savp_train is made"; fi
grep -q 'bin/savp_train is not there' log || { cat log && fail "it is not said that savp_train is missing"; }
ln -s savp_bench carried/bin/savp_train
bundle --build carried || { cat log && fail "no bundle is made"; }
grep -q 'bundle has' log || fail "its size is not told"
(($(du -sb bundle | cut -f1) <= 45 << 20)) || fail "it is larger than 45 MiB"
if readelf -d bundle/bin/* | grep -E 'RPATH|RUNPATH'; then fail "a program knows folders of this machine"; fi
bundle --build carried || { cat log && fail "a bundle is not replaced"; }
touch kept
if "$source/scripts/bundle.sh" kept --build carried 2>log; then fail "something else is replaced"; fi

# --- From another folder, under another name, in an empty environment.
mv bundle moved && mkdir elsewhere && cd elsewhere
if env -i ../moved/bin/savp_bench --version 2>../log; then fail "the program finds LibTorch by itself"; fi
env -i PATH="$PATH" HOME="$work" ../moved/gpu_check.sh --device cpu --small --torch "$torch" --out ../out \
  --parts versions,tests,train || { cat ../out/log.txt && fail "the bundle does not run"; }
for run in 'program starts' kernels_test training_test 'ours, eager fp32, batch 2'; do
  grep -qE " $run +passed" ../out/table.txt || fail "$run did not pass"
done
[[ -z $(ls -A) ]] || fail "files are left where it ran"
"$build/bin/savp_golden" ../moved/golden/data/B_batches >../log || { tail ../log && fail "recorded batches are not whole"; }
