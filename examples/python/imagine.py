"""Imagines what follows some frames, from Python without any package: frames are PPM files, so is the picture made.

    ffmpeg -i clip.mp4 -vf scale=64:64 -frames:v 2 frame%02d.ppm
    SAVP_LIBRARY=build/lib/libsavp_c.so python3 examples/python/imagine.py logs/bair futures.ppm frame01.ppm frame02.ppm

The picture has one row for each future: the frames given, then those imagined.
"""
import re
import sys

import savp


def read_ppm(path):
    """(width, height, pixels) of a binary PPM file."""
    with open(path, "rb") as file:
        contents = file.read()
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", contents)
    if header is None:
        sys.exit(f"{path}: not a binary PPM file of 8 bits")
    return int(header[1]), int(header[2]), contents[header.end():]


def main(run, output, *paths, samples=4, length=10):
    pictures = [read_ppm(path) for path in paths]
    width, height, _ = pictures[0]
    model = savp.Model(run, device="auto", sizes=dict(height=height, width=width, channels=3))
    scene = model.start(b"".join(pixels for _, _, pixels in pictures))
    frames = scene.imagine(samples=samples, length=length, seed=7).frames
    imagined = bytes(min(255, int(value * 255)) for value in frames)

    row, frame = 3 * width, 3 * width * height
    with open(output, "wb") as file:
        file.write(b"P6 %d %d 255\n" % ((len(paths) + length) * width, samples * height))
        for sample in range(samples):
            columns = [pixels for _, _, pixels in pictures]
            columns += [imagined[i * frame:(i + 1) * frame] for i in range(sample * length, (sample + 1) * length)]
            for y in range(height):
                file.write(b"".join(column[y * row:(y + 1) * row] for column in columns))
    print(f"{model.name}: {samples} futures of {length} frames in {output}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
