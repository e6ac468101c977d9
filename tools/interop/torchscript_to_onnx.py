#!/usr/bin/env python3
"""Makes an ONNX file of a program that savp_convert torchscript has written, and checks it with onnxruntime.

LibTorch has no such writer for C++: the ONNX operators that one of LibTorch's becomes are known to torch.onnx alone, which is
Python. The packages that this script needs are in requirements.txt beside it; without onnxruntime nothing is checked.
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

import onnx
import torch

DESCRIPTION = "savp.json"  # in the program; metadata of the ONNX file


class OperatorByOperator(torch.nn.Module):
    """A recorded program that is run one operator after the other: a TorchScript file does not tell the sizes of what is
    computed on the way, which the exporter needs to know."""

    def __init__(self, graph):
        super().__init__()
        self.graph = graph
        self.names = {}  # of the tensors among the constants
        for node in graph.findAllNodes("prim::Constant"):
            value = node.output().toIValue()
            if isinstance(value, torch.Tensor):
                name = self.names[node.output().debugName()] = f"weight{len(self.names)}"
                self.register_buffer(name, value)

    def forward(self, *inputs):
        values = {value.debugName(): given for value, given in zip([*self.graph.inputs()][1:], inputs)}
        for node in self.graph.nodes():
            outputs = self.run(node, [values[value.debugName()] for value in node.inputs()])
            values.update({value.debugName(): output for value, output in zip(node.outputs(), outputs)})
        return values[next(self.graph.outputs()).debugName()]

    def run(self, node, inputs):
        kind = node.kind()
        if kind == "prim::Constant":
            name = self.names.get(node.output().debugName())
            return [getattr(self, name) if name else node.output().toIValue()]
        if kind == "prim::ListConstruct":
            return [inputs]
        if kind == "prim::ListUnpack":
            return inputs[0]
        if kind == "aten::_convolution":  # a single number is that of height and width
            inputs = [2 * value if isinstance(value, list) and len(value) == 1 else value for value in inputs]
        if kind == "aten::movedim":  # the exporter takes axes counted from the first only
            inputs = [inputs[0], *(axis % inputs[0].dim() for axis in inputs[1:])]
        name, _, overload = node.schema().partition("(")[0].removeprefix("aten::").partition(".")
        operator = getattr(getattr(torch.ops.aten, name), overload or "default")
        named = {argument.name: value for argument, value in zip(operator._schema.arguments, inputs) if argument.kwarg_only}
        return [operator(*inputs[:len(inputs) - len(named)], **named)]


def load(path):
    """The program and what it tells of itself."""
    extra = {DESCRIPTION: ""}
    try:
        program = torch.jit.load(path, map_location="cpu", _extra_files=extra)
        return program, json.loads(extra[DESCRIPTION])
    except (RuntimeError, ValueError) as error:
        sys.exit(f"{path}: is no program of savp_convert torchscript ({str(error).split('. ')[0]})")


def random_inputs(description, seed):
    """Frames from 0 to 1, everything else standard normal."""
    generator = torch.Generator().manual_seed(seed)
    draw = {"frames": torch.rand}
    return [draw.get(given["name"], torch.randn)(given["shape"], generator=generator) for given in description["inputs"]]


def export(program, description, path, opset):
    names = [[value["name"] for value in description[kind]] for kind in ("inputs", "outputs")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and what it records
        torch.onnx.export(OperatorByOperator(program.graph), tuple(random_inputs(description, seed=0)), path, input_names=names[0],
                          output_names=names[1], opset_version=opset, dynamo=False)
    model = onnx.load(path)
    model.metadata_props.add(key=DESCRIPTION, value=json.dumps(description))
    onnx.save(model, path)


def difference(program, description, path):
    """The largest between onnxruntime's frames and the program's, for inputs that it was not made with; None: not measured."""
    try:
        import onnxruntime
    except ImportError:
        return None
    inputs = random_inputs(description, seed=1)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    named = {given["name"]: value.numpy() for given, value in zip(description["inputs"], inputs)}
    with torch.no_grad(), torch.jit.optimized_execution(False):  # optimizing takes longer than one run
        return (program(*inputs) - torch.from_numpy(session.run(None, named)[0])).abs().max().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, help="a file of savp_convert torchscript")
    parser.add_argument("output", type=Path, help="the ONNX file to write")
    parser.add_argument("--opset", type=int, default=20, help="version of ONNX's operators (default: %(default)s)")
    parser.add_argument("--tolerance", type=float, default=1e-4,
                        help="largest difference of onnxruntime's frames, from 0 to 1 (default: %(default)s)")
    options = parser.parse_args()
    if not options.program.is_file():
        sys.exit(f"{options.program}: there is no such file")
    program, description = load(options.program)
    unfinished = options.output.with_name(options.output.name + f".tmp{os.getpid()}")
    try:
        export(program, description, unfinished, options.opset)
        found = difference(program, description, unfinished)
        if found is not None and not found <= options.tolerance:
            sys.exit(f"{options.program}: onnxruntime's frames differ by {found:.1e}, more than --tolerance {options.tolerance:g}")
        unfinished.replace(options.output)
    finally:
        unfinished.unlink(missing_ok=True)
    checked = "not checked: onnxruntime is missing" if found is None else f"onnxruntime's frames differ by {found:.1e}"
    print(f"{options.program} is in {options.output} ({checked})")


if __name__ == "__main__":
    main()
