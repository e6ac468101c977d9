#!/usr/bin/env bash
# usage: gpu_check_test.sh SOURCE_DIR BUILD_DIR WORK_DIR
# scripts/gpu_check.sh on the CPU, small: what it finds, and what it says of programs that fail, hang, or are cut.
set -euo pipefail
source=$1 build=$2 work=$3
rm -rf "$work" && mkdir -p "$work"
cd "$work"

fail() { echo "FAIL: $*" >&2; exit 1; }
check() { "$source/scripts/gpu_check.sh" --device cpu --small "$@"; }
# code_of COMMAND...: its exit code, its output in the file log.
code_of() { "$@" >log 2>&1 && echo 0 || echo $?; }

# --- Everything passes, or says why it cannot run on a CPU.
code=$(code_of check --build "$build" --out out)
[[ $code == 0 ]] || { cat log && fail "exit code $code"; }
python3 - out <<'PYTHON' || fail "the results are not as they should be"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1] + '/results.jsonl')]
table = open(sys.argv[1] + '/table.txt').read().splitlines()
status = {(line['part'], line['run']): line['status'] for line in lines}
for (part, run), said in status.items():
    print(part, run, said)
passed = {key for key, said in status.items() if said == 'passed'}
assert set(status.values()) <= {'passed', 'not available'}, status
assert passed >= {('versions', 'machine'), ('versions', 'program starts'), ('golden', 'recorded cases, fp32'),
                  ('tests', 'kernels_test'), ('tests', 'training_test'), ('train', 'ours, eager fp32, batch 2'),
                  ('generate', 'ours, fp32, batch 1'), ('generate', 'ours, fp32, batch 2'), ('toy', '10 steps')}, status
assert all(line['details'] for line in lines), 'something is not told'
result = {line['run']: line['result'] for line in lines if line['status'] == 'passed'}
assert result['ours, eager fp32, batch 2']['median_s'] > 0
assert result['recorded cases, fp32'] == {'passed': result['recorded cases, fp32']['passed'], 'failed': []}
assert result['recorded cases, fp32']['passed'] > 0 and result['kernels_test']['passed'] > 0
assert [line['step'] for line in result['10 steps']['curve']] == list(range(1, 11))
assert len(table) == len(lines) + 2
for line, row in zip(lines, table[1:]):
    assert row.split() [:1] == [line['part']] and line['status'] in row, row
PYTHON

# --- A bundle whose savp_golden is another program.
mkdir -p other/bin && ln -s "$source/hparams" other/
for program in savp_bench kernels_test; do ln -s "$build/bin/$program" other/bin/; done
golden() { printf '#!/bin/sh\n%s\n' "$1" >other/bin/savp_golden && chmod +x other/bin/savp_golden; }
found() { grep -qE "$1" out/table.txt || { cat log && fail "the table does not say: $1"; }; }

golden 'echo FAIL ops/conv2d worst=out; echo 1 passed, 1 failed; exit 1'
code=$(code_of check --bundle other --out out --parts golden,versions)
[[ $code == 1 ]] || fail "a failed part gives exit code $code"
found '^golden .*FAILED .*1 passed, 1 failed; ops/conv2d'
found '^versions +program starts +passed'
found '^2 passed, 1 failed'

golden 'echo no device >&2; exit 2'  # a usage error, but of what it should know
[[ $(code_of check --bundle other --out out --parts golden) == 1 ]] || fail "a usage error passes"

golden 'echo begun; sleep 60'
[[ $(code_of check --bundle other --out out --parts golden --seconds 4) == 1 ]] || fail "a part that hangs passes"
found '^golden .*TIMED OUT .*begun'

"$source/scripts/gpu_check.sh" --device cpu --small --bundle other --out out --parts versions,golden >log 2>&1 & cut=$!
for ((i = 0; i < 300; ++i)); do grep -q begun out/log.txt && grep -q 'program starts' out/table.txt && break || sleep 0.1; done
kill "$cut"
wait "$cut" && fail "a check that was cut passes"
found '^versions +program starts +passed'
found '^golden .*CUT'

[[ $(code_of check --bundle other --parts gloden) == 2 ]] || fail "an unknown part is accepted"
grep -q 'gloden is not known' log || fail "an unknown part is not named"
