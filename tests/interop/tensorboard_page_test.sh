#!/usr/bin/env bash
# usage: tests/interop/tensorboard_page_test.sh WORK
# Opens TensorBoard in headless Chromium, with the run that tensorboard_test.sh has left in WORK: it shows scalars, and a
# prediction that moves. 77: there is no Chromium, or no TensorBoard.
set -euo pipefail
work=$1
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "skipped: Chromium is not installed (Debian's package chromium)"
  exit 77
}
[[ -e $work/venv/ready && -d $work/run ]] || {
  echo "skipped: tensorboard_test.sh has left no run"
  exit 77
}
rm -rf "$work/page" && mkdir -p "$work/page"
"$work/venv/bin/python" "$(dirname "${BASH_SOURCE[0]}")/see_tensorboard.py" "$chromium" "$work/run" "$work/page"
