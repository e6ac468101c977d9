"""Runs a program as TorchScript and as ONNX, and compares their frames with those that savp_convert has predicted.

usage: run_programs.py PROGRAM.pt PROGRAM.onnx EXAMPLE.safetensors
"""

import json
import sys

import numpy as np
import onnxruntime
import torch
from tensorflow_checkpoints import read_safetensors

TOLERANCE = 1e-4


def run_torch(path, inputs):
    with torch.inference_mode(), torch.jit.optimized_execution(False):
        program = torch.jit.load(path)
        return program(**{name: torch.from_numpy(value.copy()) for name, value in inputs.items()}).numpy()


def run_onnx(path, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["savp.json"])["outputs"][0]["name"] == "predicted"
    assert [given.name for given in session.get_inputs()] == list(inputs)
    return session.run(["predicted"], inputs)[0]


def main(program, onnx_program, example):
    given = read_safetensors(example)
    expected = given.pop("predicted")
    inputs = {name: given[name] for name in ("frames", "actions", "states", "noise") if name in given}
    assert len(inputs) == len(given), given.keys()
    for runtime, path, run in (("torch", program, run_torch), ("onnxruntime", onnx_program, run_onnx)):
        frames = run(path, inputs)
        assert frames.shape == expected.shape and frames.dtype == expected.dtype, (frames.shape, expected.shape)
        apart = np.abs(frames - expected).max()
        print(f"{path}: {runtime} differs by {apart:.1e}")
        assert apart <= TOLERANCE


main(*sys.argv[1:])
