#!/usr/bin/env bash
# usage: pretrained_models/toy/train.sh [FOLDER]
# Trains the model beside this script anew, in FOLDER (logs/toy): an hour or two of one core. Run again, it continues.
# First on more and more predicted frames, then, with a rate that is high once more, on those alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=${1:-logs/toy}
bin=build/bin

# train NAME FLAGS...: begins a run, or continues it.
train() {
  local run=$out/$1 flags=("${@:2}")
  if compgen -G "$run/model-*.safetensors" >/dev/null; then flags=(--resume); fi
  "$bin/savp_train" --input_dir "$out/data" --output_dir "$run" "${flags[@]}" --progress_freq 100 --summary_freq 500 \
    --save_freq 500 --eval_summary_freq 0 --accum_eval_summary_freq 0
}

[[ -f $out/data/dataset.json ]] ||
  "$bin/savp_preprocess" toy --output_dir "$out/data" --size 32 --seed 0 --num_train 2048 --num_val 64 --num_test 64

vae=batch_size=4,nz=4,kl_weight=0.002,lr=0.001,video_sn_gan_weight=0,video_sn_vae_gan_weight=0,vae_gan_feature_cdist_weight=0
train first --preset small --seed 0 --dataset_hparams use_state=true,sequence_length=10 \
  --model_hparams "$vae,kl_anneal_steps=[300,900],schedule_sampling_k=300,max_steps=3500,decay_steps=[2200,3500]"
train second --preset small --seed 1 --checkpoint "$out/first/model-3500" \
  --dataset_hparams use_state=true,sequence_length=12 \
  --model_hparams "$vae,kl_anneal_steps=[0,1],schedule_sampling=none,max_steps=6500,decay_steps=[5000,6500]"
"$bin/savp_convert" safetensors --checkpoint "$out/second" --output_dir "$out/ours_vae_action"
