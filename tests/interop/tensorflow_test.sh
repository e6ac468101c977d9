#!/usr/bin/env bash
# usage: tensorflow_test.sh BIN_DIR WORK_DIR PYTHON
# TensorFlow's own programs read what savp_convert writes, and savp_convert reads what they write. TensorFlow is the PyPI wheel
# tensorflow-cpu, in an environment of its own; where it cannot be had the test is skipped (exit code 77).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$1 work=$2 python=$3

environment=$work/venv
if ! "$environment/bin/python" -c 'import tensorflow' 2>/dev/null; then
  rm -rf "$environment" && mkdir -p "$work"
  "$python" -m venv "$environment" && "$environment/bin/pip" install --quiet tensorflow-cpu ||
    { echo "skipped: pip cannot install tensorflow-cpu" && exit 77; }
  "$environment/bin/python" -c 'import tensorflow' || { echo "skipped: tensorflow-cpu does not run here" && exit 77; }
fi

rm -rf "$work"/{data,run,tf,old,theirs,back}
"$bin/savp_preprocess" toy --output_dir "$work/data" --size 32 --length 8 --num_train 4 --num_val 1 --num_test 1
"$bin/savp_train" --input_dir "$work/data" --output_dir "$work/run" --model savp --seed 0 --dataset_hparams sequence_length=6 \
  --model_hparams "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,batch_size=2,learn_initial_state=true,max_steps=2"
"$bin/savp_convert" tf --checkpoint "$work/run" --output_dir "$work/tf"
"$bin/savp_convert" tf --checkpoint "$work/run" --output_dir "$work/old" --old_names
export CUDA_VISIBLE_DEVICES='' TF_CPP_MIN_LOG_LEVEL=2
"$environment/bin/python" "$here/tensorflow_checkpoints.py" "$work/run/model-2.safetensors" "$work/tf" "$work/old" "$work/theirs"

# What TensorFlow has written anew is ours again, bit for bit.
cp "$work"/tf/*.json "$work/theirs/"
"$bin/savp_convert" savp --checkpoint "$work/theirs" --output_dir "$work/back"
"$environment/bin/python" - "$here" "$work/run/model-2.safetensors" "$work/back/model-2.safetensors" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
from tensorflow_checkpoints import read_safetensors
ours, back = (read_safetensors(path) for path in sys.argv[2:])
assert ours.keys() == back.keys(), ours.keys() ^ back.keys()
for name, value in ours.items():
    assert value.dtype == back[name].dtype and value.shape == back[name].shape and value.tobytes() == back[name].tobytes(), name
print(len(ours), 'variables came back')
PYTHON
