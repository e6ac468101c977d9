#!/usr/bin/env bash
# usage: archive_test.sh BUILD_DIR WORK_DIR
# What cpack makes runs in a root that has nothing but glibc: it trains, continues videos and finds its pages.
set -euo pipefail
build=$1 work=$2

fail() { echo "FAIL: $*" >&2; exit 1; }
own_root=(unshare --mount)
[[ $(id -u) == 0 ]] || own_root=(unshare --map-root-user --mount)
"${own_root[@]}" true 2>/dev/null || { echo "skipped: no root of its own can be made here" && exit 77; }

rm -rf "$work"
root=$work/root
mkdir -p "$root"/{dev,proc,tmp}
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work" >cpack.log) || fail "cpack: $(tail -3 "$work/cpack.log")"
archive=$(ls "$work"/savp-*-linux-*.tar.gz)
tar -xzf "$archive" -C "$root"
home=/$(basename "$archive" .tar.gz)
[[ -d $root$home/share/savp/hparams ]] || fail "there are no hyperparameters"
for page in savp_train savp_preprocess-toy; do
  man --warnings -E UTF-8 -l "$root$home/share/man/man1/$page.1" >"$work/page" 2>"$work/warnings" || true
  [[ ! -x $(command -v man) ]] || { grep -q -- --seed "$work/page" && [[ ! -s $work/warnings ]]; } ||
    fail "$page.1: $(head -3 "$work/warnings")"
done

# What programs take from this machine must be glibc, and goes to where they look for it.
while read -r library; do
  [[ $library != "$root"/* ]] || continue
  [[ ${library##*/} =~ ^(ld-linux.*|lib(c|m|mvec|dl|rt|pthread|util|resolv|anl)\.so\.[0-9]+)$ ]] ||
    fail "$library is not in the archive"
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done < <(ldd "$root$home"/bin/savp_* | awk '$2 == "=>" { print ($3 ~ /^\//) ? $3 : $1 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' | sort -u)

# tool NAME FLAGS...: there, with nothing of this environment.
tool() {
  # shellcheck disable=SC2016
  "${own_root[@]}" bash -c 'for i in dev proc; do mount --rbind /$i "$1/$i"; done; exec env -i PATH="$PATH" HOME=/tmp OMP_NUM_THREADS=1 chroot "$@"' _ \
    "$root" "$home/bin/savp_$1" "${@:2}" 2>"$work/log" || fail "savp_$*: $(tail -3 "$work/log")"
}
tool preprocess toy --output_dir /tmp/data --size 32 --num_train 2 --num_val 2 --num_test 2 --length 6 --seed 0
tool train --input_dir /tmp/data --output_dir /tmp/run --seed 0 --summary_freq 0 --eval_summary_freq 0 --accum_eval_summary_freq 0 \
  --image_summary_freq 0 --dataset_hparams sequence_length=4 --model_hparams max_steps=1,batch_size=1,ngf=4,nef=4,ndf=4,nz=2
tool generate --input_dir /tmp/data --mode test --checkpoint /tmp/run --results_dir /tmp/pictures --num_stochastic_samples 1 \
  --format gif,mp4
[[ -s $root/tmp/pictures/run/grids/grid_00000.gif ]] || fail "there is no grid of futures"
if grep -rlF "$build" "$root$home/bin" "$root$home/lib/pkgconfig"; then fail "the files above know where they were built"; fi
rm -rf "$work"
