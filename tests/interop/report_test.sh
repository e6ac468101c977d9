#!/usr/bin/env bash
# usage: tests/interop/report_test.sh BIN DATA WORK
# Trains a tiny model, evaluates it and a baseline, and opens the report of both in headless Chromium: nothing is
# complained of, nothing is loaded from elsewhere, and the controls do what they say. 77: there is no Chromium.
set -euo pipefail
bin=$1 data=$2 work=$3
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "skipped: Chromium is not installed (Debian's package chromium)"
  exit 77
}
rm -rf "$work" && mkdir -p "$work"
common=(--input_dir "$data" --dataset bair)
"$bin/savp_train" "${common[@]}" --output_dir "$work/run" --model savp --device cpu --summary_freq 0 --progress_freq 1 \
  --model_hparams ngf=2,nef=2,ndf=2,nz=2,batch_size=1,max_steps=3 --dataset_hparams scale_size=32,sequence_length=5 -q
"$bin/savp_evaluate" "${common[@]}" --mode test --checkpoint "$work/run" --output_dir "$work/results/tiny" --metrics psnr,ssim,mse \
  --num_stochastic_samples 3 --num_samples 2 --device cpu --dataset_hparams scale_size=32,sequence_length=5 -q >/dev/null
"$bin/savp_evaluate" "${common[@]}" --mode test --model repeat --output_dir "$work/results/repeat" --metrics psnr,ssim,mse \
  --num_stochastic_samples 1 --num_samples 2 --device cpu --dataset_hparams scale_size=32,sequence_length=5 -q >/dev/null
"$bin/savp_report" "$work/results" --output "$work/report.html" --title "Tiny & small" -q

# The controls, used by a script behind the page's own, which writes what it saw into the title.
cat "$work/report.html" - >"$work/driven.html" <<'EOF'
<script>
"use strict";
const seen = [];
const id = (name) => document.getElementById(name);
const places = () => [...document.querySelectorAll(".clip")].map((clip) => clip.style.getPropertyValue("--t")).join("");
const key = (name) => document.body.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
if (id("play").textContent === "Pause") id("play").click();
const first = places();
key("ArrowRight");
seen.push(places() !== first ? "step" : "no step");
key("ArrowLeft");
seen.push(places() === first ? "back" : "no way back");
id("frame").value = id("frame").max;
id("frame").dispatchEvent(new Event("input"));
seen.push([...document.querySelectorAll(".clip")].every((clip) => clip.classList.contains("predicted")) ? "predicted" : "not predicted");
seen.push(id("now").textContent);
const width = document.querySelector(".clip").getBoundingClientRect().width;
id("zoom").value = "8";
id("zoom").dispatchEvent(new Event("change"));
seen.push(document.querySelector(".clip").getBoundingClientRect().width > width ? "zoom" : "no zoom");
const before = getComputedStyle(document.body).backgroundColor;
id("theme").click();
seen.push(getComputedStyle(document.body).backgroundColor !== before ? "theme" : "no theme");
id("play").click();
seen.push(id("play").textContent);
const wide = document.documentElement.scrollWidth > innerWidth ? "too wide" : "fits";
document.title = [...seen, wide].join(", ");
</script>
EOF
for size in 1280,900 400,900; do
  "$chromium" --headless --no-sandbox --disable-gpu --enable-logging=stderr --window-size=$size --dump-dom \
    "file://$work/driven.html" >"$work/dom.html" 2>"$work/console.log"
  title=$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' "$work/dom.html" | head -1)
  expected="step, back, predicted, frame 5 of 5, predicted, zoom, theme, Pause, fits"
  [[ $title == "$expected" ]] || { echo "at $size the controls did: $title" && exit 1; }
  if grep -q CONSOLE "$work/console.log"; then grep CONSOLE "$work/console.log" && exit 1; fi
done
if grep -Eo '(src|href)="(https?:)?//[^"]*' "$work/report.html"; then echo "the report needs something from elsewhere" && exit 1; fi
for style in light dark; do
  "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1800 \
    --blink-settings=preferredColorScheme=$([[ $style == dark ]] && echo 0 || echo 1) \
    --screenshot="$work/$style.png" "file://$work/report.html" 2>/dev/null
  [[ -s $work/$style.png ]] || { echo "no picture of the $style page" && exit 1; }
done
