"""A model of SAVP from Python, by ctypes over libsavp_c: no package but the standard library is needed.

    model = savp.Model("logs/bair", device="cpu")
    scene = model.start(frames)                          # bytes of frames, [frames][height][width][channels]
    futures = scene.imagine(samples=4, length=15, seed=7)
    scene.observe(frame)

Frames are bytes-like (bytes, bytearray, numpy arrays of uint8), numbers array.array("f") or numpy arrays of float32,
all without gaps. What comes back is array.array("f"); numpy.frombuffer(futures.frames, "float32").reshape(...) looks
at it without a copy. The library is found by the linker's path or by the environment variable SAVP_LIBRARY.
"""
import array
import ctypes
import os
from collections import namedtuple
from ctypes import POINTER, byref, c_char_p, c_float, c_int, c_int64, c_uint8, c_uint64, c_void_p

Futures = namedtuple("Futures", "frames states")
_FloatPointer = POINTER(c_float)


class Error(RuntimeError):
    """code: 2 an argument that cannot be, 3 a file, 4 memory, 1 a fault of the library."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class _Sizes(ctypes.Structure):
    _fields_ = [(name, c_int64) for name in ("height", "width", "channels", "actions", "states")]


class _OpenOptions(ctypes.Structure):
    _fields_ = [("device", c_char_p), ("model", c_char_p), ("model_hparams", c_char_p), ("sizes", POINTER(_Sizes))]


class _Frames(ctypes.Structure):
    _fields_ = [("bytes", POINTER(c_uint8)), ("floats", _FloatPointer), ("frames", c_int64), ("height", c_int64),
                ("width", c_int64), ("channels", c_int64)]


class _Shown(ctypes.Structure):
    _fields_ = [("actions", _FloatPointer), ("action_rows", c_int64), ("states", _FloatPointer), ("state_rows", c_int64),
                ("pixels", _FloatPointer), ("pixel_count", c_int64)]


class _ImagineOptions(ctypes.Structure):
    _fields_ = [("actions", _FloatPointer), ("action_rows", c_int64), ("samples", c_int64), ("length", c_int64),
                ("seed", c_uint64), ("first_sample", c_int64)]


class _Futures(ctypes.Structure):
    _fields_ = [("frames", _FloatPointer), ("frames_size", c_int64), ("states", _FloatPointer), ("states_size", c_int64),
                ("pixels", _FloatPointer), ("pixels_size", c_int64)]


def _load():
    library = ctypes.CDLL(os.environ.get("SAVP_LIBRARY", "libsavp_c.so"))
    signatures = {
        "savp_version": (c_char_p, []),
        "savp_last_error": (c_char_p, []),
        "savp_open": (c_int, [c_char_p, POINTER(_OpenOptions), POINTER(c_void_p)]),
        "savp_close": (None, [c_void_p]),
        "savp_model_sizes": (_Sizes, [c_void_p]),
        "savp_model_context_frames": (c_int64, [c_void_p]),
        "savp_model_stochastic": (c_int, [c_void_p]),
        "savp_model_name": (c_char_p, [c_void_p]),
        "savp_start": (c_int, [c_void_p, POINTER(_Frames), POINTER(_Shown), POINTER(c_void_p)]),
        "savp_end": (None, [c_void_p]),
        "savp_imagine": (c_int, [c_void_p, POINTER(_ImagineOptions), POINTER(_Futures)]),
        "savp_observe": (c_int, [c_void_p, POINTER(_Frames), POINTER(_Shown)]),
        "savp_scene_frames": (c_int64, [c_void_p]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


def version():
    return _library.savp_version().decode()


def _check(status):
    if status != 0:
        raise Error(status, _library.savp_last_error().decode())


def _text(text):
    return None if text is None else text.encode()


def _floats(numbers):
    """A pointer to numbers and how many they are; None gives NULL and 0."""
    if numbers is None:
        return None, 0
    view = memoryview(numbers).cast("B").cast("f")
    whole = (c_float * len(view)).from_buffer_copy(view)
    return ctypes.cast(whole, _FloatPointer), len(view)


class Model:
    """Any number of threads may use one. sizes: height, width, channels, actions, states."""

    def __init__(self, path, device="auto", model=None, model_hparams=None, sizes=None):
        options = _OpenOptions(_text(device), _text(model), _text(model_hparams),
                               ctypes.pointer(_Sizes(**sizes)) if sizes else None)
        self._handle = c_void_p()
        _check(_library.savp_open(os.fsencode(path), byref(options), byref(self._handle)))
        self.sizes = _library.savp_model_sizes(self._handle)
        self.context_frames = _library.savp_model_context_frames(self._handle)
        self.stochastic = _library.savp_model_stochastic(self._handle) != 0
        self.name = _library.savp_model_name(self._handle).decode()

    def __del__(self):
        if getattr(self, "_handle", None):
            _library.savp_close(self._handle)

    def start(self, frames, actions=None, states=None):
        """A scene that begins with these frames, at least context_frames of them."""
        return Scene(self, frames, actions, states)


class Scene:
    """What a model has seen of one video; for one thread at a time."""

    def __init__(self, model, frames, actions, states):
        self._model = model
        self._handle = c_void_p()
        _check(_library.savp_start(model._handle, byref(self._view(frames)), byref(self._shown(actions, states)),
                                   byref(self._handle)))

    def __del__(self):
        if getattr(self, "_handle", None):
            _library.savp_end(self._handle)

    def _view(self, frames):
        sizes = self._model.sizes
        pixels = memoryview(frames).cast("B")
        one = sizes.height * sizes.width * sizes.channels
        if len(pixels) == 0 or len(pixels) % one != 0:
            raise Error(2, f"{len(pixels)} bytes are no whole number of frames of {one} bytes")
        whole = (c_uint8 * len(pixels)).from_buffer_copy(pixels)
        return _Frames(ctypes.cast(whole, POINTER(c_uint8)), None, len(pixels) // one, sizes.height, sizes.width,
                       sizes.channels)

    def _shown(self, actions, states):
        sizes = self._model.sizes
        action_values, action_count = _floats(actions)
        state_values, state_count = _floats(states)
        return _Shown(action_values, action_count // max(sizes.actions, 1), state_values,
                      state_count // max(sizes.states, 1), None, 0)

    def imagine(self, samples=1, length=10, seed=0, actions=None, first_sample=0):
        """Futures: frames [plans * samples][length][height][width][channels] and states, as array.array("f")."""
        if samples < 1 or length < 1:
            raise Error(2, f"{samples} samples of {length} frames cannot be imagined: both are at least 1")
        sizes = self._model.sizes
        action_values, action_count = _floats(actions)
        rows = action_count // max(sizes.actions, 1)
        options = _ImagineOptions(action_values, rows, samples, length, seed, first_sample)
        plans = rows // length if sizes.actions else 1
        frames = array.array("f", bytes(4 * plans * samples * length * sizes.height * sizes.width * sizes.channels))
        states = array.array("f", bytes(4 * plans * samples * length * sizes.states))
        futures = _Futures(*self._room(frames), *self._room(states), None, 0)
        _check(_library.savp_imagine(self._handle, byref(options), byref(futures)))
        return Futures(frames, states[:futures.states_size])

    @staticmethod
    def _room(values):
        address, count = values.buffer_info()
        return (ctypes.cast(address, _FloatPointer) if count else None), count

    def observe(self, frame, action=None, state=None):
        """Shows the next real frame, with what led to it."""
        _check(_library.savp_observe(self._handle, byref(self._view(frame)), byref(self._shown(action, state))))

    def __len__(self):
        """Frames seen so far."""
        return _library.savp_scene_frames(self._handle)
