#!/usr/bin/env bash
# usage: scripts/demo.sh [--quick] [--cpu | --cuda]
# Sets everything up, builds the tools, and does the whole job once, small: makes toy data, shows what a trained model
# makes of them, trains another, draws futures, measures them, and compares with a model that only repeats the last frame
# it saw. Everything lands in demo/. With --quick training takes 10 steps and all lands in demo/quick/: it shows that
# everything works.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/tables.sh
demo=demo steps=() time="five minutes on two cores"
[[ ${1:-} != --quick ]] || { demo=demo/quick steps=(--model_hparams max_steps=10) time="10 steps" && shift; }
scripts/build.sh "$@" savp_preprocess savp_train savp_generate savp_evaluate savp_report

say() { printf '\n== %s\n' "$*"; }
tool() { "build/bin/savp_$1" "${@:2}"; }

table() { mean "$demo/results/$1/prediction_eval_$2_$3/metrics/$2.csv"; }

data=$demo/data
run=$demo/run
test=(--input_dir "$data" --mode test --seed 0 --dataset_hparams sequence_length=12)

say "Toy data: a robot arm in a tray pushes blocks about"
[[ -f $data/dataset.json ]] || tool preprocess toy --output_dir "$data" --size 32 --seed 0

say "What a trained model makes of unseen sequences: two frames and the arm's commands are given"
trained=pretrained_models/toy/ours_vae_action
tool generate "${test[@]}" --checkpoint "$trained" --results_dir "$demo/trained" --num_samples 8 --num_stochastic_samples 2

say "Training one without commands ($time)"
if compgen -G "$run/model-*.safetensors" >/dev/null; then
  tool train --input_dir "$data" --output_dir "$run" --resume --seed 0
else
  tool train --input_dir "$data" --output_dir "$run" --preset small --seed 0 --progress_freq 50 --summary_freq 400 \
    --save_freq 400 --eval_summary_freq 0 --accum_eval_summary_freq 0 --dataset_hparams sequence_length=8 "${steps[@]}"
fi

say "Futures of unseen sequences, as GIFs"
tool generate "${test[@]}" --checkpoint "$run" --results_dir "$demo/pictures" --num_samples 8 --num_stochastic_samples 5

say "How good they are"
tool evaluate "${test[@]}" --checkpoint "$run" --results_dir "$demo/results" --num_stochastic_samples 10
tool evaluate "${test[@]}" --model repeat --dataset bair --output_dir "$demo/results/repeat" --num_stochastic_samples 1

tool report "$demo/results/run" "$demo/results/repeat" --labels SAVP "repeat the last frame" --title "Demo" --output "$demo/report.html"

say "Frames 3 to 12 of unseen sequences, from two given ones"
printf '%-34s %10s %10s\n' "" "PSNR (dB)" "SSIM"
printf '%-34s %10s %10s\n' "SAVP, mean of 10 futures" "$(table run psnr avg)" "$(table run ssim avg)"
printf '%-34s %10s %10s\n' "SAVP, best of 10 futures" "$(table run psnr max)" "$(table run ssim max)"
printf '%-34s %10s %10s\n' "repeat the last frame" "$(table repeat psnr avg)" "$(table repeat ssim avg)"

say "Everything is in $demo/"
echo "  $data          the toy data set"
echo "  $demo/trained/ours_vae_action/grids  what happened and what the trained model expected, as GIFs and PNGs"
echo "  $run           the newly trained model and metrics.jsonl"
echo "  $demo/pictures/run  the futures as GIFs and PNGs: gen_image_<sequence>_<future>"
echo "  $demo/results       tables and images of the evaluation"
echo "  $demo/report.html   all of it as one page, with videos that play"
