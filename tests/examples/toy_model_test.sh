#!/usr/bin/env bash
# usage: toy_model_test.sh futures|mpc BIN_DIR MODEL
# What the trained model of the toy world is worth: the arm is there and where it went after ten predicted frames; a robot
# that plans with it pushes blocks to goals.
set -euo pipefail
what=$1 bin=$2 model=$3

fail() { echo "FAIL: $*" >&2; exit 1; }
# holds VALUE CONDITION: such as "98.4" ">= 90".
holds() { awk -v value="${1%\%}" "BEGIN { exit !(value $2) }"; }

if [[ $what == futures ]]; then
  told=$("$bin/toy_futures" --checkpoint "$model" --scenes 24 --samples 2)
  read -r arm sharpness < <(awk '$1 == 10 { print $2, $5 }' <<<"$told")
  away=$(sed -n 's/.*; \([0-9.]*\) from where it went/\1/p' <<<"$told")
  holds "$arm" ">= 85" && holds "$sharpness" ">= 0.65" && holds "$away" "<= 2" || fail "$told"
else
  told=$("$bin/visual_mpc" --checkpoint "$model" --tasks 6 --gif "$PWD/episode.gif")
  reached() { awk -v who="$1" '$1 == who { print $2 }' <<<"$told"; }
  holds "$(reached model)" "> $(reached chance | tr -d %)" || fail "$told"
  [[ $(head -c 6 episode.gif) == GIF89a ]] || fail "no GIF of an episode"
fi
