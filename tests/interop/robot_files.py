"""Writes recordings of a made-up robot as others store them, with h5py, PyAV, Pillow and TensorFlow.

usage: robot_files.py OUT KIND...   KIND: robomimic, masks, robonet, lists, rlds (tf.train.Example), tfds (tensorflow_datasets)

Frame t of episode e is 8 x 12 pixels: red 20 e + 5 t, green 16 y, blue 10 x (of videos: 16 x 24, green 8 y, blue 5 x). Its
action is (100 e + t, -t), its state (t / 2, e, 7). Episode e has 14 + e frames.
"""

import io
import sys
from pathlib import Path

import numpy as np

EPISODES = 3


def length(episode):
    return 14 + episode


def frame(episode, t, scale=1):
    y, x = np.mgrid[:8 * scale, :12 * scale]
    red = np.full_like(y, 20 * episode + 5 * t)
    return np.stack([red, 16 * y // scale, 10 * x // scale], -1).astype(np.uint8)


def frames(episode, scale=1):
    return np.stack([frame(episode, t, scale) for t in range(length(episode))])


def actions(episode, count=None):
    t = np.arange(length(episode) if count is None else count)
    return np.stack([100.0 * episode + t, -1.0 * t], -1)


def states(episode):
    t = np.arange(length(episode))
    return np.stack([t / 2, np.full(len(t), float(episode)), np.full(len(t), 7.0)], -1)


def encoded(picture, kind, **options):
    from PIL import Image
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **options)
    return out.getvalue()


def jpeg(picture):
    return encoded(picture, "JPEG", quality=90, subsampling=0, optimize=True)


def movie(pictures):
    """An MP4 file's bytes."""
    import av
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "4", "threads": "1"})
        stream.height, stream.width, stream.pix_fmt = pictures.shape[1], pictures.shape[2], "yuv444p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def as_bytes(text):
    return np.frombuffer(text, np.uint8)


# --- HDF5

COMPACT = ("earliest", "v108")  # a newer version of the format



def write_robomimic(out):
    """One file, an episode each in data/demo_0, data/demo_1 and data/demo_10."""
    import h5py
    with h5py.File(out / "demos.hdf5", "w", libver=COMPACT) as file:
        for episode, name in enumerate(["demo_0", "demo_1", "demo_10"]):
            group = file.create_group(f"data/{name}")
            group.attrs["num_samples"] = length(episode)
            group["actions"], group["states"] = actions(episode), states(episode)
            group["dones"] = np.zeros(length(episode), np.int64)
            group["obs/robot0_eef_pos"] = states(episode)[:, :2].astype(np.float32)
            group["obs/robot0_gripper_qpos"] = states(episode)[:, 2:].astype(np.float32)
            for camera, pictures in [("agentview_image", frames(episode)), ("robot0_eye_in_hand_image", 255 - frames(episode))]:
                group.create_dataset(f"obs/{camera}", data=pictures, compression="gzip", chunks=(9, 8, 12, 3))
            group.create_dataset("next_obs/agentview_image", data=np.roll(frames(episode), -1, 0), compression="gzip",
                                 chunks=(9, 8, 12, 3))


def write_masks(out):
    """An episode each for train and valid, and one in neither list."""
    import h5py
    with h5py.File(out / "demos.hdf5", "w", libver=COMPACT) as file:
        for episode in range(EPISODES):
            group = file.create_group(f"data/demo_{episode}")
            group["actions"], group["states"] = actions(episode), states(episode)
            group["obs/agentview_image"] = frames(episode)
        file["mask/train"], file["mask/valid"] = np.array([b"demo_2"], "S8"), np.array([b"demo_1"], "S8")
        file["mask/20_percent"] = np.array([b"demo_0"], "S8")


def write_robonet(out):
    """A file for each episode: two of videos, two of single JPEG images."""
    import h5py
    for kind, scale in [("mp4", 2), ("jpg", 1)]:
        (out / kind).mkdir()
        for episode in range(EPISODES):
            with h5py.File(out / kind / f"traj{episode}.hdf5", "w", libver=COMPACT if kind == "jpg" else None) as file:
                for camera in ["cam0_video", "cam1_video"]:
                    pictures = frames(episode, scale)
                    if camera == "cam1_video":
                        pictures = 255 - pictures
                    if kind == "mp4":
                        file[f"env/{camera}/frames"] = as_bytes(movie(pictures))
                    else:
                        for t, picture in enumerate(pictures):
                            file[f"env/{camera}/frame{t}"] = as_bytes(jpeg(picture))
                file["env/state"] = states(episode)
                file["policy/actions"] = actions(episode, length(episode) - 1)
                file["metadata"] = np.bytes_(b"made up")


def write_lists(out):
    """Lists of encoded images: of any length each, and filled up with zeros."""
    import h5py
    for name in ["vlen", "padded"]:
        (out / name).mkdir()
        for episode in range(EPISODES):
            images = [jpeg(picture) for picture in frames(episode)]
            with h5py.File(out / name / f"episode_{episode}.h5", "w", libver=COMPACT if name == "padded" else None) as file:
                file["action"], file["observations/qpos"] = actions(episode).astype(np.float32), states(episode)
                if name == "vlen":
                    data = file.create_dataset("observations/images/top", (len(images),), h5py.vlen_dtype(np.uint8))
                    for t, image in enumerate(images):
                        data[t] = as_bytes(image)
                else:
                    longest = max(map(len, images))
                    file["observations/images/top"] = np.stack([as_bytes(i.ljust(longest, b"\0")) for i in images])


# --- Records


def rlds_features(episode):
    """Names as TensorFlow Datasets flattens them, and lists."""
    count = length(episode)
    return {
        "steps/observation/image": [jpeg(picture) for picture in frames(episode)],
        "steps/observation/wrist_image": [encoded(255 - picture, "PNG") for picture in frames(episode)],
        "steps/observation/state": states(episode).ravel(),
        "steps/action/world_vector": actions(episode).ravel(),
        "steps/action/gripper": np.arange(count) % 2,
        "steps/is_first": (np.arange(count) == 0).astype(int),
        "steps/is_last": (np.arange(count) == count - 1).astype(int),
        "steps/reward": np.zeros(count),
        "steps/language_instruction": [b"push"] * count,
        "episode_metadata/file_path": [b"made/up"],
    }


def to_feature(tf, values):
    if isinstance(values, list):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values.dtype.kind in "iu":
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def write_rlds(out):
    """Three files, an episode each, all for train."""
    import tensorflow as tf
    for episode in range(EPISODES):
        example = tf.train.Example(features=tf.train.Features(
            feature={name: to_feature(tf, values) for name, values in rlds_features(episode).items()}))
        with tf.io.TFRecordWriter(str(out / f"made_up-train.tfrecord-{episode:05}-of-{EPISODES:05}")) as writer:
            writer.write(example.SerializeToString(deterministic=True))


def write_tfds(out):
    """By a builder, as Open X-Embodiment's data sets are; splits train, val and test."""
    import tensorflow_datasets as tfds

    class MadeUp(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            step = {
                "observation": tfds.features.FeaturesDict({
                    "image": tfds.features.Image(shape=(8, 12, 3), encoding_format="jpeg"),
                    "wrist_image": tfds.features.Image(shape=(8, 12, 3), encoding_format="png"),
                    "state": tfds.features.Tensor(shape=(3,), dtype=np.float32),
                }),
                "action": tfds.features.Tensor(shape=(2,), dtype=np.float32),
                "is_first": np.bool_,
                "is_last": np.bool_,
                "language_instruction": tfds.features.Text(),
            }
            return tfds.core.DatasetInfo(builder=self, description="made up", features=tfds.features.FeaturesDict({
                "steps": tfds.features.Dataset(step), "episode_metadata": {"file_path": tfds.features.Text()}}))

        def _split_generators(self, _):
            return {"train": self._episodes(0), "val": self._episodes(1), "test": self._episodes(2)}

        def _generate_examples(self):
            raise NotImplementedError

        def _episodes(self, episode):
            count = length(episode)
            steps = [{
                "observation": {"image": frame(episode, t), "wrist_image": 255 - frame(episode, t),
                                "state": states(episode)[t].astype(np.float32)},
                "action": actions(episode)[t].astype(np.float32), "is_first": t == 0, "is_last": t == count - 1,
                "language_instruction": "push"} for t in range(count)]
            yield "only", {"steps": steps, "episode_metadata": {"file_path": "made/up"}}

    MadeUp(data_dir=str(out)).download_and_prepare()


WRITERS = {"robomimic": write_robomimic, "masks": write_masks, "robonet": write_robonet, "lists": write_lists,
           "rlds": write_rlds, "tfds": write_tfds}

if __name__ == "__main__":
    for kind in sys.argv[2:]:
        folder = Path(sys.argv[1]) / kind
        folder.mkdir(parents=True)
        WRITERS[kind](folder)
