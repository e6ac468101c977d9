"""usage: see_tensorboard.py CHROMIUM RUN FOLDER: opens TensorBoard of a run in headless Chromium, and looks.

The scalars are drawn, and what is predicted moves: of several screenshots of the Images tab, two differ within an
image. The screenshots stay in the folder.
"""
import base64
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image, ImageChops

chromium, run, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
PATIENCE = 60  # seconds


class Page:
    """A page of a browser, which is told what to do by the DevTools protocol over two pipes."""

    def __init__(self):
        to_browser, self.writing = os.pipe()
        self.reading, from_browser = os.pipe()

        def as_3_and_4():  # where Chromium looks for them
            os.dup2(to_browser, 100)
            os.dup2(from_browser, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,1200"]
        self.browser = subprocess.Popen([*command, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe"],
                                        preexec_fn=as_3_and_4, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.sent, self.session, self.unread = 0, None, b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, **parameters):
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.unread:
                some = os.read(self.reading, 1 << 20)
                assert some, "Chromium has ended"
                self.unread += some
            line, self.unread = self.unread.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.sent:
                assert "result" in answer, answer
                return answer["result"]

    def open(self, url):
        self.call("Page.navigate", url="about:blank")  # a new fragment alone loads nothing
        self.call("Page.navigate", url=url)

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression, what):
        end = time.monotonic() + PATIENCE
        while not (found := self.value(expression)):
            assert time.monotonic() < end, f"TensorBoard shows no {what}"
            time.sleep(0.2)
        return found

    def screenshot(self, name):
        png = base64.b64decode(self.call("Page.captureScreenshot")["data"])
        (folder / f"{name}.png").write_bytes(png)
        return Image.open(io.BytesIO(png)).convert("RGB")


# TensorBoard's page is made of elements within elements, each with a document of its own.
ALL = """
var all = (tag, root = document) => [...root.querySelectorAll("*")].flatMap(
    (e) => [...(e.matches(tag) ? [e] : []), ...(e.shadowRoot ? all(tag, e.shadowRoot) : [])]);
"""
CURVES = ALL + """
all("path").filter((e) => (e.getAttribute("d") || "").includes("L") && e.getBoundingClientRect().width > 50).length
"""
PICTURES = ALL + """
(found => found.length > 0 && JSON.stringify(found))(all("img").filter((e) => e.src.includes("individualImage") && e.complete && e.naturalWidth > 0)
    .map((e) => e.getBoundingClientRect()).filter((r) => r.width > 50 && r.bottom < innerHeight && r.top > 0)
    .map((r) => [r.left, r.top, r.right, r.bottom]))
"""


def serve():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", run, "--host", "127.0.0.1", "--port", str(port),
                               "--load_fast", "false"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    for _ in range(PATIENCE * 5):
        try:
            tags = json.load(urllib.request.urlopen(url + "data/plugin/images/tags"))
            if tags and all(tags.values()):
                return server, url
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError("TensorBoard does not start")


server, url = serve()
page = None
try:
    page = Page()
    page.open(url + "#scalars&tagFilter=g_loss")
    curves = page.wait_for(CURVES, "curves")
    page.screenshot("scalars")
    page.open(url + "#images&tagFilter=gen_images")
    before, places = None, page.wait_for(PICTURES, "images")
    while places != before:  # until nothing is laid out anew
        time.sleep(1)
        before, places = places, page.value(PICTURES)
    places = json.loads(places)
    shots = [page.screenshot("images")]
    moved = None
    end = time.monotonic() + PATIENCE
    while not moved:
        assert time.monotonic() < end, "no prediction moves"
        time.sleep(0.1)
        shots.append(page.screenshot("images_later"))
        for place in places:
            crops = [shot.crop([round(x) for x in place]) for shot in (shots[0], shots[-1])]
            moved = moved or ImageChops.difference(*crops).getbbox()
    print(f"{curves} curves, {len(places)} images, of which one moves")
finally:
    if page:
        page.browser.kill()
        page.browser.wait()
    server.kill()
    server.wait()
