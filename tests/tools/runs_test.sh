#!/usr/bin/env bash
# usage: runs_test.sh SOURCE_DIR BIN_DIR WORK_DIR
# A table of runs is trained, drawn, measured and tabulated; a failure stops nothing else; what is done is not done again.
set -euo pipefail
source_dir=$1 bin=$2 work=$3

fail() { echo "FAIL: $*" >&2; cat "$work"/*.log >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work/tree/build" "$work/runs"
ln -s "$bin" "$work/tree/build/bin"
cp -r "$source_dir/scripts" "$work/tree/scripts"
"$bin/savp_preprocess" toy --output_dir "$work/data" --size 32 --num_train 4 --num_val 2 --num_test 2 --length 6 -q

cat >"$work/runs/table" <<TABLE
# two that work, one that does not
common --input_dir ../data --seed 1 --summary_freq 0 --progress_freq 0 --dataset_hparams sequence_length=4
test   --input_dir ../data --mode test --num_stochastic_samples 2
first  --model savp --model_hparams "max_steps=2,batch_size=2,ngf=4,ndf=4,nef=4,nz=2"
broken --model no_such_model
second --model sna --model_hparams max_steps=1,batch_size=2,ngf=4
TABLE

scripts=$work/tree/scripts
all() { (cd "$work/tree" && "$scripts/train_all.sh" --table "$work/runs/table" "$@" &&
  "$scripts/generate_all.sh" --table "$work/runs/table" "$@" && "$scripts/evaluate_all.sh" --table "$work/runs/table" "$@" &&
  "$scripts/plot_results_all.sh" --table "$work/runs/table" "$@"); }

code=0
"$scripts/runs.sh" all "$work/runs/table" >"$work/first.log" 2>&1 || code=$?
[[ $code -eq 1 ]] || fail "a failure is exit code $code, not 1"
grep -q "runs.sh: 4 failed:" "$work/first.log" || fail "not four failures: training, and what follows from it"
grep -q "train broken: exit code 2" "$work/first.log" || fail "the failed training is not listed"
for run in first second; do
  [[ -f $work/runs/futures/$run/grids/grid_00000.gif ]] || fail "there are no futures of $run"
  grep -qP "^$run(\t[0-9.e-]+){18}\t" "$work/runs/results.tsv" || fail "the table has no numbers and intervals of $run"
done
for run in first second; do grep -q "<summary>$run</summary>" "$work/runs/report.html" || fail "the report lacks $run"; done
if grep -q "^broken" "$work/runs/results.tsv"; then fail "the table has a run that failed"; fi

# Only what failed is tried again, and all four go well without it.
before=$(find "$work/runs" -name '*.safetensors' -o -name '*.csv' | sort | xargs sha256sum)
all first second >"$work/second.log" 2>&1 || fail "the four scripts fail"
[[ $(grep -c "is done" "$work/second.log") -eq 6 ]] || fail "finished steps are done again"
[[ $before == "$(find "$work/runs" -name '*.safetensors' -o -name '*.csv' | sort | xargs sha256sum)" ]] || fail "results changed"

# Other flags of one run: it alone is measured again, and the table tells that its numbers are others.
sed 's/^second/test --input_dir ..\/data --mode test --sequence_length 5\n&/' "$work/runs/table" >"$work/runs/table.new"
mv "$work/runs/table.new" "$work/runs/table"
"$scripts/runs.sh" evaluate "$work/runs/table" first second >"$work/changed.log" 2>&1 || fail "a changed table fails"
grep -q "evaluate first: is done" "$work/changed.log" || fail "an unchanged run is measured again"
grep -q "evaluate second: is done" "$work/changed.log" && fail "a run whose flags have changed is not measured again"
"$scripts/runs.sh" plot "$work/runs/table" first second >>"$work/changed.log" 2>&1 || fail "a changed table has no plot"
grep -qP "^second\t.*\tpredicted_frames \d and \d" "$work/runs/results.tsv" || fail "numbers of another length are not marked"
grep -qP "^first\t.*\t\$" "$work/runs/results.tsv" || fail "the first run is marked"

# Other flags for training: the old weights are not taken for a run with these; more steps are trained.
sed -i.kept 's/max_steps=1,batch_size=2,ngf=4/&,lr=0.01/' "$work/runs/table"
code=0
"$scripts/runs.sh" train "$work/runs/table" second >"$work/flags.log" 2>&1 || code=$?
[[ $code -eq 1 ]] || fail "other flags for a trained run are exit code $code, not 1"
grep -q "train second: its flags are others" "$work/flags.log" || fail "it is not told that the flags are others"
mv "$work/runs/table.kept" "$work/runs/table"
sed -i 's/max_steps=1,/max_steps=2,/' "$work/runs/table"
"$scripts/runs.sh" train "$work/runs/table" second >>"$work/flags.log" 2>&1 || fail "a run cannot have more steps"
[[ -f $work/runs/logs/second/model-2.safetensors ]] || fail "more steps are not trained"
sed -i.kept 's/max_steps=2,batch_size=2,ngf=4$/max_steps=1,batch_size=2,ngf=4/' "$work/runs/table"
"$scripts/runs.sh" train "$work/runs/table" second >>"$work/flags.log" 2>&1 && fail "a model of two steps is taken for one of one"
grep -q "train second: it was trained for 2 steps, more than max_steps=1" "$work/flags.log" || fail "more steps are not told"
mv "$work/runs/table.kept" "$work/runs/table"

# What was made with other flags than the table's is neither used nor shown, whatever is asked for; nor is what a mark that was
# cut off speaks of.
sed -i.kept 's/max_steps=2,/max_steps=3,/' "$work/runs/table"
code=0
"$scripts/runs.sh" evaluate "$work/runs/table" second >"$work/stale.log" 2>&1 || code=$?
[[ $code -eq 1 ]] || fail "measuring a model of other flags is exit code $code, not 1"
grep -q "evaluate second: its flags are others than those it was trained with" "$work/stale.log" || fail "the stale model is measured"
"$scripts/runs.sh" plot "$work/runs/table" second >"$work/stale.log" 2>&1 && fail "numbers of other flags are shown"
grep -q "plot second: it was measured with other flags" "$work/stale.log" || fail "it is not told that numbers are of other flags"
mv "$work/runs/table.kept" "$work/runs/table"
: >"$work/runs/results/first/.done"
"$scripts/runs.sh" evaluate "$work/runs/table" first >"$work/stale.log" 2>&1 || fail "an empty mark is an error"
grep -q "evaluate first: is done" "$work/stale.log" && fail "an empty mark counts"

# A run of a version that kept its flags beside the outcome alone goes on as it is.
cp "$work/runs/logs/first/.flags" "$work/flags" && rm "$work/runs/logs/first/.flags"
"$scripts/runs.sh" train "$work/runs/table" first >"$work/old.log" 2>&1 || fail "a run of an earlier version is refused"
cmp -s "$work/runs/logs/first/.flags" "$work/flags" || fail "its flags are not kept from then on"

# A run that was stopped continues, but not with other flags.
rm "$work/runs/logs/second/.done"
sed -i.kept 's/max_steps=2,/&lr=0.01,/' "$work/runs/table"
"$scripts/runs.sh" train "$work/runs/table" second >"$work/third.log" 2>&1 && fail "a stopped run continues with other flags"
grep -q "train second: its flags are others" "$work/third.log" || fail "it is not told that a stopped run has other flags"
mv "$work/runs/table.kept" "$work/runs/table"
"$scripts/runs.sh" train "$work/runs/table" second >"$work/third.log" 2>&1 || fail "an interrupted run does not go on"
grep -q -- "--resume" "$work/third.log" || fail "training began anew"

for wrong in "all $work/no_table" "fly $work/runs/table" "all $work/runs/table nobody"; do
  code=0
  # shellcheck disable=SC2086  # several words
  "$scripts/runs.sh" $wrong >"$work/wrong.log" 2>&1 || code=$?
  [[ $code -eq 2 ]] || fail "\"$wrong\" is exit code $code, not 2"
done

# Quotes and comments are a shell's; a quote that is not closed is an error that names its line.
printf '%s\n' 'common --title "a # b" x#y # it'"'"'s ours' 'one --c "d"' >"$work/runs/quotes"
"$scripts/runs.sh" train --dry-run "$work/runs/quotes" >"$work/wrong.log" 2>&1 || fail "quotes cannot be read"
grep -qF -- "--title a # b x#y --c d --output_dir logs/one" "$work/wrong.log" || fail "quotes are read wrong"
printf '%s\n' 'one --c d' 'two --title "never closed' >"$work/runs/quotes"
code=0
"$scripts/runs.sh" train --dry-run "$work/runs/quotes" >"$work/wrong.log" 2>&1 || code=$?
[[ $code -eq 2 ]] || fail "a quote that is not closed is exit code $code, not 2"
grep -qF "quotes:2: no words as in a shell" "$work/wrong.log" || fail "the line that cannot be read is not named"
