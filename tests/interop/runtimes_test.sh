#!/usr/bin/env bash
# usage: tests/interop/runtimes_test.sh BIN SOURCE WORK PYTHON
# Python's torch (the wheel that LibTorch is part of) and onnxruntime give the frames that this program predicts, for programs
# of all kinds of models; and the example in docs/library.md runs. 77: there is no such wheel, or the other packages cannot be
# had from PyPI.
set -euo pipefail
bin=$1 source=$2 work=$3 python=$4
requirements=$source/tools/interop/requirements.txt
torch=$(ldd "$bin/savp_convert" | sed -n 's|.*libtorch_cpu.so => \(.*\)/torch/lib/.*|\1|p')
mkdir -p "$work"
if [[ ! -e $work/venv/ready ]]; then
  rm -rf "$work/venv"
  "$python" -m venv "$work/venv" &&
    "$work/venv/bin/pip" -q install --only-binary :all: -r <(grep -v '^torch' "$requirements") \
      filelock fsspec jinja2 networkx sympy typing_extensions && touch "$work/venv/ready" || {
    echo "skipped: numpy, onnx, onnxruntime and what torch imports cannot be had from PyPI"
    exit 77
  }
fi
python=$work/venv/bin/python
echo "$torch" >"$("$python" -c 'import site; print(site.getsitepackages()[0])')/libtorch.pth"
"$python" -c 'import torch' || {
  echo "skipped: $torch holds no torch that this Python imports"
  exit 77
}

rm -rf "$work"/{data,runs,programs,page}
mkdir -p "$work/programs" "$work/page"
"$bin/savp_preprocess" toy --output_dir "$work/data" --size 32 --length 8 --num_train 2 --num_val 1 --num_test 1 -q

# compare NAME CHECKPOINT FLAG...: of the program made of it.
compare() {
  local program=$work/programs/$1.pt example=$work/programs/$1.safetensors
  "$bin/savp_convert" torchscript --checkpoint "$2" --output "$program" --example "$example" -q "${@:3}"
  "$python" "$source/tools/interop/torchscript_to_onnx.py" "$program" "$work/programs/$1.onnx"
  "$python" "$source/tests/interop/run_programs.py" "$program" "$work/programs/$1.onnx" "$example"
}

# trained NAME MODEL HPARAMS FLAG...: the same of a model that has been trained for a step.
trained() {
  "$bin/savp_train" --input_dir "$work/data" --output_dir "$work/runs/$1" --model "$2" --summary_freq 0 \
    --accum_eval_summary_freq 0 -q --seed 0 --device cpu --dataset_hparams sequence_length=6 \
    --model_hparams "batch_size=1,max_steps=1,clip_length=4$3"
  compare "$1" "$work/runs/$1" "${@:4}"
}

tiny=,ngf=4,nef=4,ndf=4,nz=2
compare toy "$source/pretrained_models/toy/ours_vae_action" --num_stochastic_samples 2 --sequence_length 12
trained savp savp $tiny --num_stochastic_samples 2 --batch_size 2
trained savp_dna savp "$tiny,transformation=dna,kernel_size=[3,3]"
trained savp_flow savp "$tiny,transformation=flow,last_frames=2"
trained savp_prior savp "$tiny,learn_prior=true,rnn=gru,conv_rnn=gru,context_images_background=true"
trained savp_norms savp "$tiny,norm_layer=batch,conv_rnn_norm_layer=layer,upsample_layer=deconv2d,dilation_rate=[2,2]"
trained savp_deterministic savp ",ngf=4,ndf=4,nz=0" --batch_size 2
trained dna dna ""
trained dna_by_dna dna ",transformation=dna,num_masks=1"
trained dna_by_stp dna ",transformation=stp"
trained sna sna ",ngf=4"
trained sv2p sv2p "" --num_stochastic_samples 2
trained sv2p_time_variant sv2p ",multi_latent=true"

# The page's example, with a model that takes neither actions nor states.
"$python" - "$source/docs/library.md" >"$work/page/example.py" <<'EOF'
import re, sys
section = open(sys.argv[1]).read().split("## Other runtimes")[1]
print(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1], "assert predicted.shape[0] == 4 and predicted.isfinite().all()", sep="")
EOF
cp "$work/programs/savp.pt" "$work/page/mine.pt"
(cd "$work/page" && "$python" example.py)
