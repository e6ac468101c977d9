"""usage: read_events.py RUN STEPS: what TensorBoard shows of a run of so many steps, against its metrics.jsonl."""
import io
import json
import sys
from pathlib import Path

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run, steps = Path(sys.argv[1]), int(sys.argv[2])
events = EventAccumulator(str(run), size_guidance=dict.fromkeys(["images", "scalars", "tensors", "histograms"], 0))
events.Reload()
tags = events.Tags()

log = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
logged = {line["step"]: line for line in log if "g_loss" in line}
assert sorted(logged) == list(range(1, steps + 1)), sorted(logged)
for name in ("g_loss", "d_loss", "gen_l1_loss"):
    shown = [(event.step, event.value) for event in events.Scalars(f"{name}/{name}") if event.step > 0]
    assert [step for step, _ in shown] == list(range(1, steps + 1)), f"{name}: every step once, but: {shown}"
    for step, value in shown:
        assert abs(value - logged[step][name]) <= 1e-6 * abs(value) + 1e-9, (name, step, value, logged[step][name])



def key_of(tag):
    """What metrics.jsonl calls the values of a tag, or None where it has none: "eval_psnr_1/eval_psnr/max" is eval_val_psnr_max."""
    scope, name = tag.split("/", 1)
    suffix = scope[len(name.split("/")[0]):]
    groups = {"accum_eval_": {"_1": "accum_eval_", "_2": "accum_eval_long_"}, "eval_": {"": "eval_", "_1": "eval_val_"}}
    for prefix, keys in groups.items():
        if name.startswith(prefix):
            return keys[suffix] + name.removeprefix(prefix).replace("/", "_")
    return f"val_{name}" if suffix == "_1" and name.endswith("_loss") else None


lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
compared = set()
for tag in tags["scalars"]:
    key = key_of(tag)
    expected = [(line["step"], line[key]) for line in lines if key in line]
    if not expected:
        continue
    shown = [(event.step, event.value) for event in events.Scalars(tag)]
    assert [step for step, _ in shown] == [step for step, _ in expected], (tag, shown, expected)
    for (step, value), (_, logged_value) in zip(shown, expected):
        assert abs(value - logged_value) <= 1e-6 * abs(value) + 1e-9, (tag, key, step, value, logged_value)
    compared.add(key)
# The metrics of validation's predictions (val_psnr) and the losses over the whole set have no tag: the original shows none.
named = {key for line in lines for key in line
         if key.endswith("_loss") == key.startswith("val_") and key.startswith(("eval_", "accum_eval_", "val_"))}
assert named == compared and {key.split("_")[0] for key in named} == {"val", "eval", "accum"}, named ^ compared

assert "psnr_1/psnr" in tags["scalars"], tags["scalars"]
frames = {"images": 5, "gen_images": 4, "eval_images": 5}
for name, count in frames.items():
    for tag in (f"{name}/{name}/gif", f"{name}_1/{name}/gif"):
        assert tag in tags["images"], tags["images"]
for tag in tags["images"]:
    for shown in events.Images(tag):
        image = Image.open(io.BytesIO(shown.encoded_image_string))
        assert image.size == (shown.width, shown.height), tag
        assert image.format == ("GIF" if tag.endswith("/gif") else "PNG"), (tag, image.format)
        name = tag.split("/")[1]
        assert name not in frames or not tag.endswith("/gif") or image.n_frames == frames[name], (tag, image.n_frames)
        for frame in range(image.n_frames if image.format == "GIF" else 1):
            image.seek(frame)
            image.load()
assert tags["histograms"], "no histograms"
for tag in ("run/command_line", "run/version", "run/model_hparams"):
    assert tag in tags["tensors"], tags["tensors"]
    assert events.Tensors(tag)[0].tensor_proto.string_val[0], tag
print(f"{len(tags['scalars'])} scalars, {len(tags['images'])} images, {len(tags['histograms'])} histograms, {len(tags['tensors'])} texts")
