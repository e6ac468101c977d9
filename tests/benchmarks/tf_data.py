#!/usr/bin/env python3
"""Frames a second that a tf.data pipeline reads from records like BAIR's, to compare with `savp_bench --what data`.

usage: tests/benchmarks/tf_data.py DIR [THREADS]      DIR holds traj_*.tfrecords, e.g. a split of data/bair
"""
import glob
import os
import sys
import time

BATCH, LENGTH, WARM_UP, BATCHES = 16, 12, 4, 40


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


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf
    except ImportError:
        print("tensorflow is not at hand: nothing measured (pip install tensorflow-cpu)")
        return
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    files = sorted(glob.glob(os.path.join(sys.argv[1], "*.tfrecords")))
    if not files:
        sys.exit(f"{sys.argv[1]}: no *.tfrecords")
    batches = pipeline(tf, files, threads)
    for _ in range(WARM_UP):
        next(batches)
    start = time.monotonic()
    for _ in range(BATCHES):
        next(batches)
    seconds = time.monotonic() - start
    print(f'{{"what": "tf.data {tf.__version__}", "threads": {threads}, '
          f'"frames_per_second": {BATCHES * BATCH * LENGTH / seconds:.0f}}}')


if __name__ == "__main__":
    main()
