"""Reads checkpoints of savp_convert by TensorFlow's own reader and saver, and compares them with ours.

usage: tensorflow_checkpoints.py MODEL.safetensors TF_DIR OLD_NAMES_DIR OUT_DIR: TF_DIR is restored by TensorFlow 1's Saver, as the
original does, and saved anew to OUT_DIR.
"""

import json
import os
import sys

import numpy as np

TYPES = {'F32': np.float32, 'I64': np.int64, 'U8': np.uint8}
TO_TENSORFLOW = {('kernel', 4): (2, 3, 1, 0), ('kernel', 5): (2, 3, 4, 1, 0), ('initial_state', 3): (1, 2, 0)}


def read_safetensors(path):
    """name -> array."""
    data = open(path, 'rb').read()
    size = int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:8 + size])
    header.pop('__metadata__', None)
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry['data_offsets'])
        arrays[name] = np.frombuffer(data[begin:end], TYPES[entry['dtype']]).reshape(entry['shape'])
    return arrays


def in_tensorflow(name, value):
    """As the original lays it out."""
    variable = name.removesuffix('/Adam').removesuffix('/Adam_1')
    axes = TO_TENSORFLOW.get((variable.rsplit('/', 1)[-1], value.ndim))
    return value.transpose(axes) if axes else value


def compare(reader, ours, rename):
    """By tf.train.load_checkpoint, which checks every checksum."""
    names = set(reader.get_variable_to_shape_map()) - {'savp_metadata'}
    assert names == {rename(name) for name in ours}, names ^ {rename(name) for name in ours}
    for name, value in ours.items():
        theirs = reader.get_tensor(rename(name))
        expected = in_tensorflow(name, value)
        assert theirs.dtype == expected.dtype and theirs.shape == expected.shape, name
        assert theirs.tobytes() == expected.tobytes(), name
    assert any(name.endswith('/Adam_1') for name in ours) and 'g_apply_gradients/beta1_power' in ours
    assert reader.get_tensor('global_step') == 2


def save_anew(tf, folder, out):
    """Through the Saver that the original uses."""
    reader = tf.train.load_checkpoint(folder)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        dtypes = reader.get_variable_to_dtype_map()
        variables = [tf.compat.v1.get_variable(name, shape, dtypes[name], tf.compat.v1.zeros_initializer())
                     for name, shape in reader.get_variable_to_shape_map().items()]
        saver = tf.compat.v1.train.Saver(variables)
        saver.restore(session, tf.train.latest_checkpoint(folder))
        saver.save(session, os.path.join(out, 'model'), global_step=2, write_meta_graph=False)


def main():
    import tensorflow as tf
    model, folder, old, out = sys.argv[1:]
    ours = read_safetensors(model)
    assert tf.train.latest_checkpoint(folder) == os.path.join(folder, 'model-2')
    compare(tf.train.load_checkpoint(folder), ours, lambda name: name)
    compare(tf.train.load_checkpoint(old), ours, lambda name: name.replace('/savp_cell/', '/dna_cell/'))
    os.makedirs(out)
    save_anew(tf, folder, out)
    print(f'TensorFlow {tf.__version__} has read {len(ours)} variables, under both names')


if __name__ == '__main__':
    main()
