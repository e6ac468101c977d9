#!/usr/bin/env bash
# usage: scripts/generate_all.sh [--dry-run] [--models DIR] [GROUP | GROUP/RUN]...
#        scripts/generate_all.sh --table FILE [--dry-run] [RUN]...    the runs of a table of one's own: see scripts/runs.sh
# Draws futures of the test sequences with every trained run of logs/, or those that are named ("kth", "bair/ours_savp"), and of
# the true frames beside them ("kth/ground_truth"): GIFs in results_test_2afc/<group>, PNGs in results_test_samples/<group>,
# both side by side in results_test_grids/<group>.
# --models: the runs of another folder, as pretrained_models, where download_model.sh keeps the authors'. --dry-run only shows
# the commands.

# shellcheck source=scripts/published.sh
source "$(dirname "${BASH_SOURCE[0]}")/published.sh"

gif_length=10  # frames

for group in "${groups[@]}"; do
  common=(--input_dir "data/${dataset[$group]}" --dataset_hparams "sequence_length=${test_length[$group]}" --mode test
    --gif_length "$gif_length")
  [[ $group == kth ]] && common+=(--batch_size 1)  # so that the same clips are cut out of the sequences each time
  if selected "$group/ground_truth"; then
    tool generate --model ground_truth --dataset "${dataset[$group]}" "${common[@]}" \
      --output_gif_dir "results_test_2afc/$group/ground_truth" --output_png_dir "results_test_samples/$group/ground_truth" \
      --output_grid_dir "results_test_grids/$group/ground_truth"
  fi
  for run in ${runs[$group]}; do
    selected "$group/$run" && trained "$group/$run" || continue
    tool generate --checkpoint "$models/$group/$run" "${common[@]}" --results_gif_dir "results_test_2afc/$group" \
      --results_png_dir "results_test_samples/$group" --output_grid_dir "results_test_grids/$group/$run"
  done
done
