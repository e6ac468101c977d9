#!/usr/bin/env bash
# usage: tests/interop/tensorboard_test.sh BIN RECORDS WORK PYTHON
# Trains a tiny model with all summaries, continues it from before its last step, which TensorBoard must then forget,
# and reads its event files with TensorBoard's own reader. 77: TensorBoard cannot be had from PyPI.
set -euo pipefail
bin=$1 records=$2 work=$3 python=$4
here=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$work"
if [[ ! -e $work/venv/ready ]]; then
  rm -rf "$work/venv"
  "$python" -m venv "$work/venv" &&
    "$work/venv/bin/pip" -q install --only-binary :all: tensorboard==2.20.0 "setuptools<81" && touch "$work/venv/ready" || {
    echo "skipped: TensorBoard 2.20.0 cannot be had from PyPI"
    exit 77
  }
fi
rm -rf "$work/data" "$work/run"
for split in train val; do mkdir -p "$work/data/$split" && cp "$records"/* "$work/data/$split"; done
train() {
  "$bin/savp_train" --input_dir "$work/data" --dataset bair --output_dir "$work/run" --device cpu --summary_freq 1 \
    --image_summary_freq 1 --eval_summary_freq 2 --accum_eval_summary_freq 2 --histogram_freq 1 --progress_freq 1 --eval_samples 2 \
    -q "$@"
}
hparams=ngf=2,nef=2,ndf=2,nz=2,batch_size=1,clip_length=4,video_sn_gan_weight=0.1
train --model savp --dataset_hparams scale_size=32,sequence_length=5 --model_hparams "$hparams,max_steps=3" --save_freq 2
train --resume --from_step 2 --model_hparams max_steps=4
"$work/venv/bin/python" "$here/read_events.py" "$work/run" 4
