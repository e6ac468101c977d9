#!/usr/bin/env bash
# usage: scripts/demo.sh [--cpu | --cuda]
# Sets everything up, builds the tools, and does the whole job once, small: makes toy data, trains on it, draws futures,
# measures them, and compares with a model that only repeats the last frame it saw. Everything lands in demo/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh "$@" savp_preprocess savp_train savp_generate savp_evaluate

say() { printf '\n== %s\n' "$*"; }
tool() { "build/bin/savp_$1" "${@:2}"; }

data=demo/data
run=demo/run
test=(--input_dir "$data" --mode test --seed 0)
samples=(--num_stochastic_samples 5)

say "Toy data: a gripper in a tray pushes coloured blocks"
[[ -d $data ]] || tool preprocess toy --output_dir "$data" --size 32 --seed 0

say "Training"
tool train --input_dir "$data" --output_dir "$run" --seed 0 \
  --model_hparams "ngf=8,nef=16,ndf=8,batch_size=8,max_steps=400,kl_anneal_steps=[100,200]" --progress_freq 20

say "Futures of unseen sequences, as GIFs"
tool generate "${test[@]}" "${samples[@]}" --checkpoint "$run" --results_dir demo/pictures --num_samples 8

say "How good they are"
tool evaluate "${test[@]}" "${samples[@]}" --checkpoint "$run" --results_dir demo/results
tool evaluate "${test[@]}" --model repeat --num_stochastic_samples 1 --results_dir demo/results

say "Everything is in demo/"
echo "  $data      the toy data set"
echo "  $run       the trained model and metrics.jsonl"
echo "  demo/pictures  GIFs: context, truth and the model's futures"
echo "  demo/results   tables and pictures of the evaluation"
