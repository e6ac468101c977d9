#!/usr/bin/env bash
# usage: scripts/train_all.sh [--dry-run] [GROUP | GROUP/RUN]...
#        scripts/train_all.sh --table FILE [--dry-run] [RUN]...    the runs of a table of one's own: see scripts/runs.sh
# Trains every published variant, or those that are named ("kth", "bair/sna_l1"), one after the other: the data are expected in
# data/<data set>, the runs are kept in logs/<group>/<run>. --dry-run only shows the commands.

# shellcheck source=scripts/published.sh
source "$(dirname "${BASH_SOURCE[0]}")/published.sh"

for group in "${groups[@]}"; do
  for run in ${runs[$group]}; do
    selected "$group/$run" || continue
    # shellcheck disable=SC2086  # several words or none
    tool train --input_dir "data/${dataset[$group]}" --dataset "${dataset[$group]}" ${training_hparams[$group]} \
      --model "$(model_of "$run")" --model_hparams_dict "hparams/$group/$run/model_hparams.json" \
      --output_dir "logs/$group/$run"
  done
done
