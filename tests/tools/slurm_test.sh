#!/usr/bin/env bash
# usage: slurm_test.sh SOURCE_DIR BIN_DIR WORK_DIR
# scripts/slurm_train.sh with a stand-in for srun that starts two tasks with Slurm's variables: they train together, and the
# same submission again continues.
set -euo pipefail
source_dir=$1 bin=$2 work=$3

fail() { echo "FAIL: $*" >&2; cat "$work"/log* >&2 || true; exit 1; }

rm -rf "$work"
mkdir -p "$work/build" "$work/slurm"
ln -s "$bin" "$work/build/bin"
cat >"$work/slurm/srun" <<'SRUN'
#!/usr/bin/env bash
[[ $1 == --kill-on-bad-exit=1 ]] || exit 99
export SLURM_STEP_NUM_TASKS=2 SLURM_STEP_NODELIST=localhost
for task in 0 1; do
  SLURM_PROCID=$task SLURM_LOCALID=$task "${@:2}" &
  tasks+=($!)
done
for task in "${tasks[@]}"; do wait "$task" || code=$?; done
exit "${code:-0}"
SRUN
chmod +x "$work/slurm/srun"
cd "$work"
"$bin/savp_preprocess" toy --output_dir data --size 32 --num_train 4 --num_val 2 --num_test 2 --length 6 -q

# submit STEPS [FLAGS...]: what the batch script of a job does.
submit() {
  PATH=$work/slurm:$PATH SLURM_JOB_ID=$((20000 + RANDOM % 20000)) SLURM_SUBMIT_DIR=$work SLURM_CPUS_PER_TASK=1 CUDA_VISIBLE_DEVICES= \
    "$source_dir/scripts/slurm_train.sh" --input_dir data --dataset_hparams sequence_length=4 --seed 1 --summary_freq 0 \
    --model_hparams "max_steps=$1,batch_size=2,ngf=4,ndf=4,nef=4,nz=2" "${@:2}"
}
submit 2 --output_dir run >log 2>&1 || fail "the first submission: exit code $?"
grep -q "divided among 2 processes" log || fail "the tasks do not train together"
submit 3 --output_dir=run >log2 2>&1 || fail "the second submission: exit code $?"
grep -q "training from step 2 to 3" log2 || fail "it does not continue"
[[ -f run/model-3.safetensors ]] || fail "there is no checkpoint of step 3"
if submit 3 >log3 2>&1; then fail "a job without --output_dir"; fi
grep -q -- "--output_dir DIR must be given" log3 || fail "what is missing is not told"
"$source_dir/scripts/slurm_train.sh" --help | grep -q "^  sbatch " || fail "--help shows no command"
if env -u SLURM_JOB_ID "$source_dir/scripts/slurm_train.sh" --output_dir run >log4 2>&1; then fail "outside of Slurm"; fi
