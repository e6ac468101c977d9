#!/usr/bin/env bash
# usage: tests/interop/report_test.sh BIN DATA WORK [NETWORKS]
# Trains a tiny model, evaluates it and a baseline, and opens the report of both in headless Chromium: nothing is
# complained of, nothing is loaded from elsewhere, the controls do what they say, and nothing is wider than a window of 400
# pixels. NETWORKS: a folder of the networks of LPIPS and FVD, measured where they are there. 77: there is no Chromium.
set -euo pipefail
bin=$1 data=$2 work=$3 networks=${4:-}
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "skipped: Chromium is not installed (Debian's package chromium)"
  exit 77
}
rm -rf "$work" && mkdir -p "$work"
common=(--input_dir "$data" --dataset bair)
measuring=("${common[@]}" --mode test --num_samples 2 --sequence_length 12 --dataset_hparams scale_size=32 --device cpu -q)
metrics=psnr,ssim,mse learned=""
if [[ -f $networks/lpips_alex.safetensors && -f $networks/i3d_kinetics400.safetensors ]]; then
  learned=lpips,fvd
  measuring+=(--metric_weights "$networks" --no_feature_cache)
fi
"$bin/savp_train" "${common[@]}" --output_dir "$work/run" --model savp --device cpu --summary_freq 0 --progress_freq 1 \
  --model_hparams ngf=2,nef=2,ndf=2,nz=2,batch_size=1,max_steps=3 --dataset_hparams scale_size=32,sequence_length=5 -q
"$bin/savp_evaluate" "${measuring[@]}" --checkpoint "$work/run" --output_dir "$work/results/tiny" \
  --metrics "$metrics${learned:+,$learned},coverage" --num_stochastic_samples 3 >/dev/null
"$bin/savp_evaluate" "${measuring[@]}" --model repeat --output_dir "$work/results/repeat" \
  --metrics "$metrics${learned:+,$learned}" --num_stochastic_samples 1 >/dev/null
"$bin/savp_report" "$work/results" --output "$work/report.html" --title "Tiny & small" -q
if grep -q "cannot be compared" "$work/report.html"; then echo "a deterministic model is marked for its one sample" && exit 1; fi

# The controls, used by a script behind the page's own, which writes what it saw into the title, and tells a page around it.
cat "$work/report.html" - >"$work/driven.html" <<'EOF'
<script>
"use strict";
(async () => {
  const seen = [];
  const id = (name) => document.getElementById(name);
  const all = (query) => [...document.querySelectorAll(query)];
  const see = (holds, name) => seen.push(holds ? name : `no ${name}`);
  const places = () => all(".clip").map((clip) => clip.style.getPropertyValue("--t")).join("");
  const key = (name) => document.body.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
  const choose = (name, value) => {
    id(name).value = value;
    id(name).dispatchEvent(new Event("change"));
  };
  const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
  const steps_in_a_second = async () => {  // of the videos
    let steps = 0;
    const observer = new MutationObserver(() => { steps += 1; });
    observer.observe(document.querySelector(".clip"), {attributeFilter: ["style"]});
    await wait(1.05);
    observer.disconnect();
    return steps;
  };
  if (id("play").textContent === "Pause") id("play").click();
  const first = places();
  key("ArrowRight");
  see(places() !== first, "step");
  key("ArrowLeft");
  see(places() === first, "way back");
  id("frame").value = id("frame").max;
  id("frame").dispatchEvent(new Event("input"));
  see(all(".clip").every((clip) => clip.classList.contains("predicted")), "bars");
  seen.push(id("now").textContent);
  const width = document.querySelector(".clip").getBoundingClientRect().width;
  choose("zoom", "8");
  see(document.querySelector(".clip").getBoundingClientRect().width > width, "zoom");
  const before = getComputedStyle(document.body).backgroundColor;
  id("theme").click();
  see(getComputedStyle(document.body).backgroundColor !== before, "theme");
  see(await steps_in_a_second() === 0, "rest");
  choose("speed", "10");
  id("play").click();
  see(id("play").textContent === "Pause", "play");
  seen.push(`${await steps_in_a_second()} steps`);
  choose("speed", "2");
  seen.push(`${await steps_in_a_second()} steps`);
  key(" ");
  see(id("play").textContent === "Play" && await steps_in_a_second() === 0, "space to pause");
  key(" ");
  see(id("play").textContent === "Pause", "space to play");
  key(" ");
  see(all("#coverage .bar").length === 4, "ranks");
  seen.push(`columns ${all("#numbers thead th").slice(1).map((cell) => cell.firstChild.textContent.split(" ")[0]).join(" ")}`);
  const wide = all("main *").filter((part) => part.getBoundingClientRect().right > innerWidth + 0.5 && !part.closest(".wide"));
  seen.push(wide.length === 0 && document.documentElement.scrollWidth <= innerWidth ? "fits"
    : `too wide: ${wide.map((part) => part.tagName + "." + part.className).slice(0, 5)}`);
  seen.push(innerWidth);
  document.title = seen.join(", ");
  parent.postMessage(document.title, "*");
})();
</script>
EOF

# Chromium makes no window as narrow as a phone: a frame of a page stands for it. narrow PAGE
narrow() {
  cat <<EOF
<!doctype html><title>not finished</title><style>body { margin: 0 } iframe { border: 0; width: 400px; height: 2400px }</style>
<iframe src="$1"></iframe><script>addEventListener("message", (event) => { document.title = event.data; });</script>
EOF
}
narrow driven.html >"$work/narrow_driven.html"
narrow report.html >"$work/narrow.html"

browse() { "$chromium" --headless --no-sandbox --disable-gpu "$@"; }
columns="psnr psnr mse mse ssim ssim${learned:+ lpips lpips} coverage${learned:+ fvd}"
for page in driven:1280 narrow_driven:400; do
  browse --enable-logging=stderr --window-size=1280,900 --virtual-time-budget=20000 --dump-dom "file://$work/${page%:*}.html" \
    >"$work/dom.html" 2>"$work/console.log"
  title=$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' "$work/dom.html" | head -1)
  expected="step, way back, bars, frame 12 of 12, predicted, zoom, theme, rest, play, 10 steps, 2 steps, space to pause"
  expected+=", space to play, ranks, columns $columns, fits, ${page#*:}"
  [[ $title == "$expected" ]] || { printf 'at %s pixels the controls did\n  %s\nnot\n  %s\n' "${page#*:}" "$title" "$expected" && exit 1; }
  if grep -q CONSOLE "$work/console.log"; then grep CONSOLE "$work/console.log" && exit 1; fi
done
if grep -Eo '(src|href)="(https?:)?//[^"]*' "$work/report.html"; then echo "the report needs something from elsewhere" && exit 1; fi
# picture NAME PAGE WIDTH,HEIGHT [FLAG]...
picture() {
  browse --hide-scrollbars --window-size="$3" --screenshot="$work/$1.png" "${@:4}" "file://$work/$2.html" 2>/dev/null
  [[ -s $work/$1.png ]] || { echo "no picture of the $1 page" && exit 1; }
}
picture light report 1280,1800 --blink-settings=preferredColorScheme=1
picture dark report 1280,1800 --blink-settings=preferredColorScheme=0
picture narrow narrow 500,2400
