"""usage: read_events.py RUN STEPS: what TensorBoard shows of a run of so many steps, against its metrics.jsonl."""
import json
import sys
from pathlib import Path

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

for tag in ("psnr_1/psnr", "g_loss_1/g_loss"):
    assert tag in tags["scalars"], tags["scalars"]
for tag in ("gen_images/gen_images/gif", "gen_images_1/gen_images/gif"):
    assert tag in tags["images"], tags["images"]
    for image in events.Images(tag):
        assert image.encoded_image_string.startswith(b"GIF89a") and image.width > 0 and image.height > 0
assert any(tag.startswith("eval_") for tag in tags["scalars"]) and any(tag.startswith("accum_eval_") for tag in tags["scalars"])
assert tags["histograms"], "no histograms"
for tag in ("run/command_line", "run/version", "run/model_hparams"):
    assert tag in tags["tensors"], tags["tensors"]
    assert events.Tensors(tag)[0].tensor_proto.string_val[0], tag
print(f"{len(tags['scalars'])} scalars, {len(tags['images'])} images, {len(tags['histograms'])} histograms, {len(tags['tensors'])} texts")
