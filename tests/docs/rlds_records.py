"""Writes episodes of a robot as TensorFlow Datasets does (RLDS), without it: a tf.train.Example each, in TFRecord files."""

import struct
import zlib


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data):
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def field(number, payload):
    """Of a protocol buffer, with a length."""
    size, length = b"", len(payload)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + payload


def example(features):
    """Of lists: byte strings or floats, by their names."""
    entries = b""
    for name, values in sorted(features.items()):
        if isinstance(values[0], bytes):
            feature = field(1, b"".join(field(1, value) for value in values))
        else:
            feature = field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
        entries += field(1, field(1, name.encode()) + field(2, feature))
    return field(1, entries)


def png(side, level):
    """A square of one gray level, as RGB."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + bytes([level] * 3 * side)) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_episodes(folder, name, camera, numbers, episodes=3, steps=14):
    """A file for each episode, all for train; `numbers`: by name, how many there are a step."""
    folder.mkdir(parents=True)
    for episode in range(episodes):
        features = {f"steps/observation/{camera}": [png(16, 10 * t) for t in range(steps)]}
        for feature, count in numbers.items():
            features[f"steps/{feature}"] = [0.1 * t for t in range(steps) for _ in range(count)]
        path = folder / f"{name}-train.tfrecord-{episode:05}-of-{episodes:05}"
        path.write_bytes(record(example(features)))
