"""Checks the commands in the shell blocks of README.md, CONTRIBUTING.md and docs/.

usage: commands.py [--run WORK_DIR] SOURCE_DIR BIN_DIR

Of each command: that the program, its flags, hyperparameters, presets and files are there and, if it cannot be run, that the
program accepts the flags' values. --run runs the others, in an empty folder, where the tools are replaced by themselves with small
networks, few steps and few sequences, and where the data sets and runs that a page takes for granted are made first. It ends with
a list of what it cannot run, and why.

A block is opened by ```sh and, where its commands cannot be run in a test, one word more, of those in REASONS.
"""

import argparse
import json
import math
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from rlds_records import write_episodes

# Why the commands of a block cannot be run here, by the word behind ```sh, and what tests them instead.
REASONS = {
    "download": "needs the network (download_test and fetch_metric_weights_test have a server of their own)",
    "weights": "needs networks that are downloaded (learned_metrics_test and perceptual_test have some)",
    "build": "builds, installs or tests everything (package_test, archive_test, demo_test, and the tests themselves)",
    "gpu": "needs GPUs (gpu_check_test and bundle_test do without)",
    "memory": "trains large batches (memory_plan_test has little memory to fill)",
    "foreign": "needs another program, or files of one: Slurm, TensorFlow, NumPy, PyTorch (slurm_test has a stand-in)",
}
FENCE = re.compile(r"^```(.*?)$\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"^(?:[\w/.-]+/)?(savp_\w+|toy_futures|visual_mpc)$")
COMMAND_LIKE = re.compile(r"^ *(?:\S*/)?(?:savp_\w+ -|cmake -|ctest|\w+\.sh\b)", re.MULTILINE)
TREE = ("hparams/", "scripts/", "tests/", "tools/", "data/download", "pretrained_models/download", "pretrained_models/toy")
WITH_COMMANDS = ("savp_preprocess", "savp_convert")
HPARAM_FLAGS = {"--model_hparams": "model", "--dataset_hparams": "dataset"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Page:
    """The shell blocks of a page, each as (kind, text)."""

    def __init__(self, path):
        self.path = path
        self.blocks, self.faults = [], []
        for info, text in FENCE.findall(path.read_text()):
            words = info.split()
            if words[:1] == ["sh"]:
                kind = words[1] if len(words) > 1 else "run"
                if kind not in ("run", *REASONS):
                    self.faults.append(f"a block is \"sh {kind}\": choose one of {', '.join(sorted(REASONS))}")
                self.blocks.append((kind, text))
            elif not words and COMMAND_LIKE.search(text):
                self.faults.append(f"a block with commands is not opened by ```sh: {text.splitlines()[0]}")


def commands(text):
    """The commands of a block, each as a list of words; what follows "--" is a command of its own."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        command = []
        for word in [*lexer, ";"]:
            if set(word) <= set(";&|") or word == "--":
                if command:
                    yield command
                command = []
            else:
                command.append(word)


# --- Checking


class Checker:
    def __init__(self, source, bin_dir):
        self.source, self.bin = source, bin_dir
        self.helps, self.hparam_names = {}, {}
        presets = json.loads((source / "CMakePresets.json").read_text())
        self.presets = {preset["name"] for preset in presets["configurePresets"]}

    def faults(self, command, with_values):
        """`with_values`: also whether the tool accepts the flags' values, which takes a second."""
        program, *arguments = command
        if program in ("cmake", "cpack", "ctest"):
            return self.unknown_presets(arguments)
        tool = PROGRAM.match(program)
        if tool and (self.bin / tool[1]).exists():
            return self.tool_faults(tool[1], list(arguments), with_values) + self.missing_files(arguments)
        if program.startswith(TREE):
            return self.missing_files(command) + self.script_faults(program, arguments)
        if program.startswith("build"):
            return [] if "fuzz" in program else [f"there is no program {program}"]
        return self.missing_files(arguments)

    def unknown_presets(self, arguments):
        return [f"there is no preset {name}" for flag, name in zip(arguments, arguments[1:])
                if flag == "--preset" and name not in self.presets]

    def missing_files(self, words):
        return [f"{word} is not there" for word in words if word.startswith(TREE) and not (self.source / word).exists()]

    def script_faults(self, script, arguments):
        path = self.source / script
        text = path.read_text() if path.exists() else ""
        text += (path.with_suffix(".py").read_text() if path.with_suffix(".py").exists() else "")
        text += "".join((path.parent / name).read_text() for name in re.findall(r"/(\w+\.sh)\"$", text, re.MULTILINE)
                        if (path.parent / name).exists())
        return [f"{script} has no flag {flag}" for flag in arguments if flag.startswith("--") and flag not in text]

    def help_of(self, *command):
        if command not in self.helps:
            self.helps[command] = output(self.bin / command[0], *command[1:], "--help")
        return self.helps[command]

    def tool_faults(self, tool, arguments, with_values):
        command = [tool]
        if tool in WITH_COMMANDS and arguments and not arguments[0].startswith("-"):
            if not re.search(rf"^  {arguments[0]}$", self.help_of(tool), re.MULTILINE):
                return [f"{tool} has no command {arguments[0]}"]
            command.append(arguments.pop(0))
        if tool == "savp_golden":
            return []
        known = set(re.findall(r"(?<![\w-])--?\w+", self.help_of(*command)))
        flags = [word.partition("=")[0] for word in arguments if word.startswith("-")]
        faults = [f"{' '.join(command)} has no flag {flag}" for flag in flags if flag not in known]
        for flag, value in zip(arguments, arguments[1:]):
            if flag in HPARAM_FLAGS:
                faults += self.hparam_faults(HPARAM_FLAGS[flag], value)
            if flag == "--preset" and value != "small" and not (self.source / "hparams" / value).is_dir():
                faults.append(f"there is no preset {value}")
        return faults if faults or not with_values else self.refused_values(command, arguments)

    def hparam_faults(self, kind, text):
        """The names in "name=value,name=[value,value]" that no model, or no data set, has."""
        if kind not in self.hparam_names:
            listed = output(self.bin / "savp_train", "--help_hparams")
            names = {"model": set(), "dataset": set()}
            for block in listed.split("\n\n"):
                if block.startswith(("Model ", "Data set ")):
                    names["model" if block.startswith("Model ") else "dataset"].update(
                        re.findall(r"^  (\w+) \(", block, re.MULTILINE))
            self.hparam_names = names
        named = re.findall(r"(?:^|,)(\w+)=", re.sub(r"\[.*?\]", "[]", text))
        return [f"no {kind} has the hyperparameter {name}" for name in named if name not in self.hparam_names[kind]]

    def refused_values(self, command, arguments):
        """Flags are read, and values checked, before --help is answered."""
        result = subprocess.run([self.bin / command[0], *command[1:], *arguments, "--help"], capture_output=True, text=True)
        return [result.stderr.strip()] if result.returncode else []


# --- Running

# What makes a tool quick: flags that are added, unless they are given (the second list), and hyperparameters.
SMALL_FLAGS = {
    "savp_train": ([], ["--summary_freq", "0", "--image_summary_freq", "0", "--eval_summary_freq", "0",
                        "--accum_eval_summary_freq", "0"]),
    "savp_generate": (["--num_samples", "1"], ["--num_stochastic_samples", "2"]),
    "savp_evaluate": (["--num_samples", "1"], ["--num_stochastic_samples", "2"]),
    "savp_bench": (["--iterations", "1", "--warmup", "0", "--batch_size", "1"], []),
    "savp_preprocess toy": (["--num_train", "3", "--num_val", "2", "--num_test", "2"], []),
    "savp_preprocess bench": (["--seconds", "0.01", "--threads", "1"], []),
    "toy_futures": (["--scenes", "2", "--samples", "2"], []),
    "visual_mpc": (["--tasks", "1", "--candidates", "8", "--rounds", "1"], []),
}
SMALL_HPARAMS = "ngf=4,ndf=4,nef=4,nz=2,batch_size=1"
SMALL_TOOLS = ("savp_train", "savp_bench")
STEPS = 2  # of a training; one more of what continues, and another one of what starts from such a run


def value_of(flag, arguments, otherwise):
    return arguments[arguments.index(flag) + 1] if flag in arguments else otherwise


def small(tool, arguments):
    """The arguments of a tool, changed so that it takes a second or two."""
    key = f"{tool} {arguments[0]}" if tool in WITH_COMMANDS and arguments else tool
    always, unless_given = SMALL_FLAGS.get(key, ([], []))
    if "--protocol" in arguments:  # which says how many futures, and names metrics that need networks
        unless_given = ["--metrics", "psnr,ssim"]
    arguments = [*arguments, *always, *(unless_given if unless_given[:1] and unless_given[0] not in arguments else [])]
    if "--from_step" in arguments:
        arguments[arguments.index("--from_step") + 1] = str(STEPS)
    if "--keep_best" in arguments:  # by validation
        arguments[arguments.index("--summary_freq") + 1] = "1"
    return with_small_hparams(tool, arguments) if tool in SMALL_TOOLS else arguments


def with_small_hparams(tool, arguments):
    hparams = SMALL_HPARAMS
    if tool == "savp_train":
        steps = STEPS + (2 if "--checkpoint" in arguments else "--resume" in arguments)
        parts = int(value_of("--accumulate_steps", arguments, 1)) * int(value_of("--processes", arguments, 1))
        hparams = f"{hparams},max_steps={steps}".replace("batch_size=1", f"batch_size={parts}")
    if "--model_hparams" in arguments:
        at = arguments.index("--model_hparams") + 1
        given = re.findall(r"(?:^|,)(\w+)=", re.sub(r"\[.*?\]", "[]", arguments[at]))
        more = [item for item in hparams.split(",") if item.split("=")[0] not in given]
        arguments[at] = ",".join([arguments[at], *more])
        return arguments
    return [*arguments, "--model_hparams", hparams]


def wrap(bin_dir, wrapped):
    """Replaces the tools by this script, which calls them with small arguments."""
    wrapped.mkdir(parents=True)
    for tool in [*bin_dir.glob("savp_*"), *bin_dir.glob("toy_futures"), *bin_dir.glob("visual_mpc")]:
        script = wrapped / tool.name
        script.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} --call {tool} \"$@\"\n")
        script.chmod(0o755)


def call(tool, arguments):
    asked = {"--help", "--version", "--completion", "--help_hparams", "--list_models"}.intersection(arguments)
    os.execv(tool, [tool, *(arguments if asked else small(Path(tool).name, arguments))])


# --- What a user is taken to have


def write_npy(path, shape):
    """An array of bytes, without NumPy."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    path.parent.mkdir(parents=True)
    pixels = bytes(i * 7 % 251 for i in range(math.prod(shape)))
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + pixels)


def write_kth_metadata(folder, videos, frames):
    """As the authors publish them: of each video, lists of the frames in which somebody is in view."""
    names = [[f"image-{i + 1:03}_64x64.png" for i in range(frames)]]
    for kind, people in videos.items():
        for action in ("boxing", "walking"):
            (folder / action).mkdir(parents=True, exist_ok=True)
            entries = [{"vid": f"person{person:02}_{action}_d1", "files": names} for person in people]
            (folder / action / f"{kind}_meta64x64.pkl").write_bytes(pickle.dumps(entries, protocol=2))


class Scratch:
    """An empty folder with what a user of the README has: the source tree, built tools, data and videos."""

    def __init__(self, source, bin_dir, work):
        self.work, self.fixtures = work, work / "fixtures"
        shutil.rmtree(work, ignore_errors=True)
        self.prepare(self.fixtures, source, bin_dir)
        self.make_data()
        self.make_published_data()
        self.make_robot_data()
        self.make_runs()
        self.make_results()

    def prepare(self, folder, source, bin_dir):
        wrap(bin_dir, folder / "build/bin")
        for name in ("hparams", "scripts", "tests"):
            (folder / name).symlink_to(source / name)

    def shell(self, folder, text):
        environment = {**os.environ, "SAVP_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1",
                       "CUDA_VISIBLE_DEVICES": ""}
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def make(self, text):
        result = self.shell(self.fixtures, text)
        if result.returncode:
            sys.exit(f"cannot make what the commands need: {text}\n{result.stdout}")

    def make_data(self):
        """data/bair is toy data; my_videos are GIFs of it, clip.mp4 is one of them; data/kth and data/kth_128 are made of
        longer ones."""
        self.make("""build/bin/savp_preprocess toy --output_dir data/bair
build/bin/savp_preprocess toy --output_dir long --length 50 --size 64
for length in 30 50; do
  build/bin/savp_generate --model ground_truth --dataset bair --input_dir $([[ $length == 30 ]] && echo data/bair || echo long) \\
      --mode train --sequence_length $length --output_gif_dir gifs_$length --output_png_dir pngs_$length --grid_futures 0
done
mkdir my_videos their_videos
for i in 0 1 2 3 4 5; do
  cp gifs_30/gen_image_00000_00.gif my_videos/$i.gif
  cp gifs_50/gen_image_00000_00.gif their_videos/$i.gif
done
cp my_videos/0.gif clip.mp4
for size in 64 128; do
  build/bin/savp_preprocess videos --input_dir their_videos --output_dir data/kth$([[ $size == 64 ]] || echo _$size) --size $size --gray
done
rm -r gifs_* pngs_* long
mkdir -p their/truth their/predictions
for i in 0 1 2; do
  cp my_videos/$i.gif their/truth
  cp my_videos/$((i + 1)).gif their/predictions/$i.gif
done""")
        write_npy(self.fixtures / "data/srvp_kth/test/clips.npy", (1, 40, 64, 64))

    def make_published_data(self):
        """What data/download_and_preprocess_dataset.sh downloads, with a few videos each."""
        self.make("""mkdir -p data/bair_raw/softmotion30_44k/{train,test} data/kth_raw data/UCF-101 data/ucfTrainTestlist
cp data/bair/train/*.tfrecords data/bair_raw/softmotion30_44k/train/traj_0_to_2.tfrecords
cp data/bair/val/*.tfrecords data/bair_raw/softmotion30_44k/train/traj_256_to_511.tfrecords
cp data/bair/test/*.tfrecords data/bair_raw/softmotion30_44k/test/traj_0_to_1.tfrecords
for action in boxing walking; do
  for person in 01 02 03 17; do cp their_videos/0.gif data/kth_raw/person${person}_${action}_d1_uncomp.avi; done
done
for i in 0 1 2 3 4 5; do cp my_videos/$i.gif data/UCF-101/v_$i.avi; done
printf 'v_%d.avi 1\n' 0 1 2 3 >data/ucfTrainTestlist/trainlist01.txt
printf 'v_%d.avi\n' 4 5 >data/ucfTrainTestlist/testlist01.txt""")
        write_kth_metadata(self.fixtures / "data/kth_meta", {"train": [1, 2, 3], "test": [17]}, 40)

    def make_robot_data(self):
        """Recordings of robots, named as the published ones."""
        self.make("""mkdir -p data/my_robot data/lift data/robonet
cp my_videos/*.gif data/my_robot
cp tests/golden/robots/robomimic/demos.hdf5 data/lift
cp -r tests/golden/robots/robonet/mp4 data/robonet/hdf5""")
        rows = [f"{t},{-t},0.5,{t / 2}\n" for t in range(30)]
        for video in (self.fixtures / "data/my_robot").glob("*.gif"):
            video.with_suffix(".csv").write_text("action_0,action_1,joint_0,state_0\n" + "".join(rows))
        write_episodes(self.fixtures / "data/bridge/0.1.0", "bridge", "image_0", {"action": 7, "observation/state": 7})
        write_episodes(self.fixtures / "data/fractal/0.1.0", "fractal", "image", {
            "action/world_vector": 3, "action/rotation_delta": 3, "observation/base_pose_tool_reached": 7})

    def make_runs(self):
        self.make("""build/bin/savp_train --input_dir data/bair --output_dir logs/bair
build/bin/savp_train --input_dir data/kth --dataset kth --output_dir logs/kth --preset kth/ours_savp
build/bin/savp_train --input_dir my_videos --output_dir logs/mine --preset small \\
    --dataset_hparams frame_size=[32,32],sequence_length=8
for model in bair_action_free/ours_savp:bair kth/ours_savp:kth; do
  mkdir -p pretrained_models/${model%:*} && cp logs/${model#*:}/* pretrained_models/${model%:*}/
done
cp -r tests/../pretrained_models/toy pretrained_models/""")

    def make_results(self):
        """Of a model, of another one, and of a baseline; and an experiment that a table describes."""
        self.make("""for model in '--checkpoint logs/bair' '--model repeat --dataset bair'; do
  build/bin/savp_evaluate --input_dir data/bair $model --mode test --output_dir "results/$([[ $model == *repeat* ]] && echo repeat || echo ours_savp)"
done
cp -r results/ours_savp results/ours_vae
mkdir experiments
cat >experiments/table <<'TABLE'
common --input_dir ../data/bair
test   --input_dir ../data/bair --mode test
first  --seed 1
TABLE""")

    def remove_made(self, folder, text):
        """The runs and data sets that a block makes itself: it finds what was made before, but for these."""
        for command in commands(text):
            if "--output_dir" in command and "--resume" not in command:
                shutil.rmtree(folder / value_of("--output_dir", command, None), ignore_errors=True)

    def faults(self, page):
        folder = self.work / page.path.stem
        shutil.copytree(self.fixtures, folder, symlinks=True)
        for kind, text in page.blocks:
            if kind != "run":
                continue
            self.remove_made(folder, text)
            result = self.shell(folder, text)
            if result.returncode:
                yield f"exit code {result.returncode} of\n{text}{result.stdout}"


def left_out(source, pages):
    """Lines that tell which blocks were not run, and why."""
    for page in pages:
        for kind, text in page.blocks:
            if kind in REASONS:
                yield f"not run: {page.path.relative_to(source)}: {text.splitlines()[0].strip()}: {REASONS[kind]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("bin", type=Path)
    arguments = parser.parse_args()
    source, bin_dir = arguments.source.resolve(), arguments.bin.resolve()
    checker = Checker(source, bin_dir)
    scratch = Scratch(source, bin_dir, arguments.run.resolve()) if arguments.run else None
    complaints, checked = [], 0
    paths = [source / "README.md", source / "CONTRIBUTING.md", *sorted((source / "docs").glob("*.md"))]
    pages = [Page(path) for path in paths]
    for page in pages:
        faults = list(page.faults)
        for kind, text in page.blocks:
            for command in commands(text):
                checked += 1
                faults += [f"{' '.join(command)}: {fault}" for fault in checker.faults(list(command), kind != "run")]
        if scratch and page.blocks and not faults:
            faults += scratch.faults(page)
        complaints += [f"FAIL {page.path.relative_to(source)}: {fault}" for fault in faults]
    if scratch:
        print(*left_out(source, pages), sep="\n")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(f"{checked} commands, {len(complaints)} faults")
    sys.exit(bool(complaints) or checked == 0)


if sys.argv[1:2] == ["--call"]:
    call(sys.argv[2], sys.argv[3:])
main()
