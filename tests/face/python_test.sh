#!/usr/bin/env bash
# usage: tests/face/python_test.sh EXAMPLES CHECKPOINT LIBRARY PYTHON
# Runs the Python example with a checkpoint of 32x32 pixels, and looks at what comes of it and of faults.
set -euo pipefail
examples=$1 checkpoint=$2 python=$4
export SAVP_LIBRARY=$3 PYTHONPATH=$examples PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" - "$work" <<'EOF'
import sys
for number in range(2):
    pixels = bytes((x * 7 + y * 3 + number * 20 + c * 50) % 256 for y in range(32) for x in range(32) for c in range(3))
    with open(f"{sys.argv[1]}/{number}.ppm", "wb") as file:
        file.write(b"P6\n32 32\n255\n" + pixels)
EOF
said=$("$python" "$examples/imagine.py" "$checkpoint" "$work/futures.ppm" "$work/0.ppm" "$work/1.ppm")
[[ $said == "savp: 4 futures of 10 frames in $work/futures.ppm" ]] || { echo "it said: $said" && exit 1; }

"$python" - "$checkpoint" "$work" <<'EOF'
import sys

import imagine
import savp

checkpoint, work = sys.argv[1:]
width, height, pixels = imagine.read_ppm(f"{work}/futures.ppm")
assert (width, height, len(pixels)) == (12 * 32, 4 * 32, 12 * 32 * 4 * 32 * 3), (width, height, len(pixels))
first = imagine.read_ppm(f"{work}/0.ppm")[2]
assert pixels[:96] == first[:96], "the first frame comes first"

model = savp.Model(checkpoint, device="cpu", sizes=dict(height=32, width=32, channels=3))
frames = first + imagine.read_ppm(f"{work}/1.ppm")[2]
scene = model.start(frames)
futures = scene.imagine(samples=2, length=3, seed=1)
assert len(futures.frames) == 2 * 3 * 32 * 32 * 3 and 0 <= min(futures.frames) <= max(futures.frames) <= 1
assert futures.frames == model.start(frames).imagine(samples=2, length=3, seed=1).frames
scene.observe(first)
assert len(scene) == 3

def code_of(call):
    try:
        call()
    except savp.Error as error:
        assert str(error), error.code
        return error.code
    return 0

assert code_of(lambda: savp.Model("no/such/run")) == 3
assert code_of(lambda: savp.Model(checkpoint, device="abacus")) == 2
assert code_of(lambda: model.start(first)) == 2, "too few frames"
assert code_of(lambda: model.start(first[:-1])) == 2, "no whole frames"
assert code_of(lambda: scene.imagine(length=-1)) == 2
EOF
