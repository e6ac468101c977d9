#!/usr/bin/env python3
"""Measures a tf.data pipeline that reads records like BAIR's, for tests/benchmarks/compare.sh.

usage: tests/benchmarks/tf_data.py DIR [THREADS]      DIR holds *.tfrecords, e.g. a split of data/bair

Prints a JSON line with the seconds that 40 batches of 16 sequences of 12 frames take: the median of 5 times.
"""
import glob
import json
import os
import statistics
import sys
import time

BATCH, LENGTH, BATCHES, ITERATIONS = 16, 12, 40, 5


def pipeline(tf, files, threads):
    names = [f"{t}/image_aux1/encoded" for t in range(30)]
    features = {name: tf.io.FixedLenFeature([1], tf.string) for name in names}

    def parse(record):
        frames = tf.io.parse_single_example(record, features)
        raw = tf.stack([frames[name][0] for name in names[:LENGTH]])
        pixels = tf.io.decode_raw(raw, tf.uint8)
        return tf.image.convert_image_dtype(tf.reshape(pixels, [LENGTH, 64, 64, 3]), tf.float32)

    records = tf.data.TFRecordDataset(files).repeat().shuffle(1024)
    batches = records.map(parse, num_parallel_calls=threads).batch(BATCH, drop_remainder=True)
    return iter(batches.prefetch(2))


def seconds_of(batches):
    start = time.monotonic()
    for _ in range(BATCHES):
        next(batches)
    return time.monotonic() - start


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf
    except ImportError:
        sys.exit("tensorflow is not at hand: nothing measured (pip install tensorflow-cpu)")
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    files = sorted(glob.glob(os.path.join(sys.argv[1], "*.tfrecords")))
    if not files:
        sys.exit(f"{sys.argv[1]}: no *.tfrecords")
    batches = pipeline(tf, files, threads)
    seconds_of(batches)  # warms up
    median = statistics.median(seconds_of(batches) for _ in range(ITERATIONS))
    print(json.dumps({"what": f"tf.data {tf.__version__}", "threads": threads, "median_s": median,
                      "per_second": BATCHES * BATCH * LENGTH / median}))


if __name__ == "__main__":
    main()
