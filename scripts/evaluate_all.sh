#!/usr/bin/env bash
# usage: scripts/evaluate_all.sh [--dry-run] [--models DIR] [GROUP | GROUP/RUN]...
#        scripts/evaluate_all.sh --table FILE [--dry-run] [RUN]...    the runs of a table of one's own: see scripts/runs.sh
# Measures every trained run of logs/ on the test sequences, or those that are named ("kth", "bair/ours_savp"): tables and
# pictures in results_test/<group>. --models: the runs of another folder, as pretrained_models, where download_model.sh keeps
# the authors'. --dry-run only shows the commands.

# shellcheck source=scripts/published.sh
source "$(dirname "${BASH_SOURCE[0]}")/published.sh"

declare -A batch_size=([bair_action_free]=8 [kth]=1 [bair]=8)  # kth: the same clips are cut out of the sequences each time

for group in "${groups[@]}"; do
  for run in ${runs[$group]}; do
    selected "$group/$run" && trained "$group/$run" || continue
    tool evaluate --input_dir "data/${dataset[$group]}" --dataset_hparams "sequence_length=${test_length[$group]}" \
      --checkpoint "$models/$group/$run" --mode test --results_dir "results_test/$group" --batch_size "${batch_size[$group]}"
  done
done
