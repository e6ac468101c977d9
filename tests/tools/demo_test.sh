#!/usr/bin/env bash
# usage: demo_test.sh SOURCE_DIR BIN_DIR WORK_DIR
# What the README's first command does once the tools are built: all steps of the demo follow from each other, and what it
# says is there is there.
set -euo pipefail
source_dir=$1 bin=$2 work=$3

fail() { echo "FAIL: $*" >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work/build" "$work/pretrained_models"
ln -s "$bin" "$work/build/bin"
cp -r "$source_dir/scripts" "$source_dir/hparams" "$work"
cp -r "$source_dir/pretrained_models/toy" "$work/pretrained_models"
printf '#!/usr/bin/env bash\n' >"$work/scripts/build.sh"

export SAVP_CACHE_DIR=$work/cache  # networks that a user has would be asked, which takes minutes
told=$("$work/scripts/demo.sh" --quick)
for line in "SAVP, mean of 10 futures" "SAVP, best of 10 futures" "repeat the last frame"; do
  grep -qE "^$line +[0-9]+\.[0-9]+ +[0-9]+\.[0-9]+$" <<<"$told" || fail "no figures of '$line': $told"
done
while read -r path _; do
  [[ -e $work/$path ]] || fail "$path is not there"
done < <(sed -n 's/^  demo/demo/p' <<<"$told")
[[ -f $work/demo/quick/pictures/run/grids/grid_00000.gif ]] || fail "there is no grid of futures"
grep -q "<title>Demo</title>" "$work/demo/quick/report.html" || fail "the report is not of the demo"
"$work/scripts/demo.sh" --quick >/dev/null || fail "it does not run again"
