"""Serve a video generator to vbench_lite from any environment: Python 3.8 or later, standard library only.

    from vbench_lite_worker import serve

    def generate(request, context):
        for frame in my_model(request.prompt, request.seed, request.num_frames):
            context.emit(frame)

    serve(generate)

Import or copy this file. Frames are uint8, RGB: arrays of (H, W, 3) or (T, H, W, 3) with the buffer protocol
(numpy), torch tensors of that form, PIL images, flat bytes of whole frames, or lists of these. `generate` may
also return or yield its frames. With `serve(generate, load=load)`, `load(context)` runs once, its result is
`context.model`, and the memory of the weights is told from that of the imports.

What the program prints goes to stderr, so that it cannot break the protocol on stdout.
Guard `serve` with `if __name__ == "__main__":` if the program starts processes of its own.

Longer than usual: a foreign environment copies this one file.
"""

from __future__ import annotations

import base64
import copy
import json
import os
import queue
import re
import sys
import threading
import traceback
from types import SimpleNamespace
from typing import Any, Callable  # noqa: UP035  for Python 3.8

__all__ = ["PROTOCOL", "Cancelled", "Context", "serve"]

PROTOCOL = 2
_FRAME_BYTES = 3
_LOOK_S = 0.05  # between two looks at a request to stop, while an answer is awaited


class Cancelled(Exception):
    """The harness wants the call to stop; raised by the context at its next use."""


class Context:
    """Where frames and news of a call go.

    Attributes:
        device: what the specification assigns, such as "cpu" or "cuda:1". threads: compute threads to use.
        model: what `load` returned.
    """

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._requests: list[Any] = []
        self._index = 0
        self._call: int | None = None
        self.device = "cpu"
        self.threads = 1
        self.model: Any = None

    def emit(self, frames: Any, index: int | None = None) -> None:
        """Hand over the next frames of a clip, as soon as they are ready.

        Args:
            index: which request of a batch; the present one if None.
        """
        self._stop_if_asked()
        index = self._index if index is None else index
        request = self._requests[index]
        _synchronise(self.device)
        for count, height, width, data in _pieces(frames, request.height, request.width):
            head = {"type": "emit", "index": index, "count": count, "height": height, "width": width}
            self._wire.send(self._numbered(head), data)
        self._stop_if_asked()

    def control(self, index: int | None = None, ahead: int = 0) -> Any:
        """What is held now: ask before each piece, and make the piece with it.

        Args:
            index: which request of a batch; the present one if None.
            ahead: frames that are made without it and not handed over yet.

        Returns:
            keys (a tuple of "W", "A", "S", "D", "up", "left", "down", "right"), prompt (a new text, or None)
            and camera (a tuple of six numbers, or ()). Nothing is held where the request has no script.
        """
        self._stop_if_asked()
        index = self._index if index is None else index
        if self._requests[index].script is None:
            return SimpleNamespace(keys=(), prompt=None, camera=())
        self._wire.send(self._numbered({"type": "control", "index": index, "ahead": int(ahead)}))
        while True:
            self._stop_if_asked()
            try:
                told = self._wire.actions.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if told.get("call") == self._call:
                return SimpleNamespace(
                    keys=tuple(told["keys"]), prompt=told["prompt"], camera=tuple(told["camera"])
                )

    def step(self, done: int, total: int) -> None:
        """Report progress: `done` of `total` steps of the present phase."""
        self._wire.send(self._numbered({"type": "step", "done": int(done), "total": int(total)}))
        self._stop_if_asked()

    def phase(self, name: str) -> None:
        """Enter a phase: "encode", "denoise", "decode_tokens", "decode", or a name of your own."""
        _synchronise(self.device)
        self._wire.send(self._numbered({"type": "phase", "name": str(name)}))

    def note(self, **facts: Any) -> None:
        """Record facts: nfe and tokens add up over a call; others such as effective_prompt are kept."""
        self._wire.send(self._numbered({"type": "note", "facts": facts}))

    @property
    def cancelled(self) -> bool:
        """Whether the harness wants the call to stop."""
        return self._wire.cancel.is_set()

    def _numbered(self, message: dict[str, Any]) -> dict[str, Any]:
        """With the call that it belongs to: what a thread of an earlier one still sends is dropped."""
        return message if self._call is None else {**message, "call": self._call}

    def _stop_if_asked(self) -> None:
        if self.cancelled:
            raise Cancelled("the harness asked the call to stop")


def serve(
    generate: Callable[..., Any], load: Callable[[Context], Any] | None = None, batched: bool = False
) -> None:
    """Serve the harness that started this process until it says stop or goes away.

    Args:
        generate: takes (request, context) and makes one clip. A request has sample_id, prompt,
            negative_prompt, num_frames, height, width, fps, seed, params (a dict), image: None, or the first
            frame as a memoryview (H, W, 3); past_frames and control_clip: None, or clips (T, H, W, 3), the
            frames to go on from and those to follow; control_kind: what the latter show; and script: None,
            or what is held in each frame of a steered session, whose pieces ask `context.control()`.
        load: takes the context and loads the weights; runs once, before the first call.
        batched: `generate` takes a list of requests in place of one.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SystemExit(
            "this program is a worker of vbench_lite: name it in a specification (adapter: worker)"
        )
    wire = _Wire()
    context = Context(wire)
    baseline: int | None = None
    wire.send({"type": "hello", "protocol": PROTOCOL, "python": sys.version.split()[0], "pid": os.getpid()})
    while True:
        message = wire.inbox.get()
        if message["type"] == "stop":
            return
        wire.cancel.clear()
        now = copy.copy(context)
        now._call = message.get("call")
        try:
            if message["type"] == "load":
                context.device, context.threads = message["device"], message["threads"]
                if load is not None:
                    baseline = _used_bytes(context.device)
                    context.model = load(context)
                answer: dict[str, Any] = {"type": "loaded", "baseline_bytes": baseline}
            else:
                _reset_peak(context.device)
                requests = [_request(fields) for fields in message["requests"]]
                _make(generate, now, requests, batched)
                context.model = now.model
                _synchronise(context.device)
                unread = sorted(set.union(*(request.params.unread for request in requests)))
                answer = {"type": "done", "peak_bytes": _peak_bytes(context.device), "unread": unread}
        except (Exception, SystemExit) as error:
            if not isinstance(error, Cancelled):
                traceback.print_exc()
            answer = {
                "type": "failed",
                "error": type(error).__name__,
                "reason": " ".join(str(error).split()),
                "where": _where(error),
                "oom": isinstance(error, MemoryError) or "out of memory" in str(error).lower(),
                "cancelled": isinstance(error, Cancelled),
            }
        wire.send(now._numbered(answer))


def _where(error: BaseException) -> str:
    """File, line and function that raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}, line {frame.lineno}, in {frame.name}"  # noqa: PTH119  one import less


def _make(generate: Callable[..., Any], context: Context, requests: list[Any], batched: bool) -> None:
    context._requests = requests
    if batched:
        for index, frames in enumerate(generate(requests, context) or ()):
            context.emit(frames, index)
        return
    for index, request in enumerate(requests):
        context._index = index
        frames = generate(request, context)
        if hasattr(frames, "__next__"):
            for piece in frames:
                context.emit(piece)
        elif frames is not None:
            context.emit(frames)


def _reads_one(method: Any) -> Any:
    def reading(self: _Params, name: str, *default: Any) -> Any:
        self.unread.discard(name)
        return method(self, name, *default)

    return reading


def _reads_all(method: Any) -> Any:
    def reading(self: _Params) -> Any:
        self.unread.clear()
        return method(self)

    return reading


class _Params(dict[str, Any]):
    """The parameters of a request, which remembers those that were read: the others change nothing."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.unread = set(given)

    __getitem__, __contains__, get, pop = map(
        _reads_one, (dict.__getitem__, dict.__contains__, dict.get, dict.pop)
    )
    __iter__, keys, values, items = map(_reads_all, (dict.__iter__, dict.keys, dict.values, dict.items))


def _request(fields: dict[str, Any]) -> Any:
    given = {name: _given(fields.get(name)) for name in ("image", "past_frames", "control_clip")}
    none = {"control_kind": None, "script": None}
    return SimpleNamespace(**{**none, **fields, **given, "params": _Params(fields.get("params", {}))})


def _given(frames: Any) -> Any:
    if frames is None:
        return None
    count = [frames["count"]] if "count" in frames else []
    flat = memoryview(base64.b64decode(frames["data"]))
    return flat.cast("B", shape=[*count, frames["height"], frames["width"], _FRAME_BYTES])


# --- the wire -------------------------------------------------------------------------------------


class _Wire:
    """Messages as lines of JSON on stdin and stdout; the bytes of frames follow their line.

    The real stdin and stdout are kept aside, and descriptor 1 becomes stderr: whatever prints, in Python or
    below it, cannot be taken for a message.
    """

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb")
        self._in = os.fdopen(os.dup(0), "rb")
        os.dup2(2, 1)
        if hasattr(sys.stdout, "reconfigure"):  # what was printed before a crash should be seen
            sys.stdout.reconfigure(line_buffering=True)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._lock = threading.Lock()
        self.inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self.actions: queue.Queue[dict[str, Any]] = queue.Queue()
        self.cancel = threading.Event()
        threading.Thread(target=self._listen, name="vbench-lite", daemon=True).start()

    def send(self, message: dict[str, Any], data: Any = None) -> None:
        if data is not None:
            message["bytes"] = len(data)
        line = json.dumps(message).encode("ascii") + b"\n"
        with self._lock:
            self._out.write(line)
            if data is not None:
                self._out.write(data)
            self._out.flush()

    def _listen(self) -> None:
        for line in self._in:
            message = json.loads(line)
            if message["type"] == "cancel":
                self.cancel.set()
            elif message["type"] == "action":
                self.actions.put(message)
            else:
                self.inbox.put(message)
        os._exit(1)  # the harness is gone: whatever the model is doing, nobody is there to take it


# --- frames ---------------------------------------------------------------------------------------


def _pieces(frames: Any, height: int, width: int) -> list[tuple[int, int, int, Any]]:
    """(frames, height, width, bytes) of whatever was handed over."""
    if isinstance(frames, (list, tuple)):
        return [piece for part in frames for piece in _pieces(part, height, width)]
    if hasattr(frames, "detach"):  # a torch tensor, on any device
        frames = frames.detach().cpu().numpy()
    elif hasattr(frames, "convert") and hasattr(frames, "tobytes"):  # a PIL image
        image = frames.convert("RGB")
        return [(1, image.height, image.width, image.tobytes())]
    try:
        view = memoryview(frames)
    except TypeError:
        raise TypeError(f"emit takes arrays, tensors, images or bytes, got {type(frames).__name__}") from None
    if view.format.lstrip("@=<>|") != "B":
        raise TypeError(
            f"emit takes uint8 frames, got format {view.format!r}; for floats in [0, 1]: "
            "(x.clip(0, 1) * 255).round().astype('uint8')"
        )
    if view.ndim == 1:
        count, rest = divmod(view.nbytes, height * width * _FRAME_BYTES)
        if rest or not count:
            raise ValueError(f"{view.nbytes} bytes are no whole frames of {width}x{height} RGB")
        return [(count, height, width, view)]
    shape = tuple(view.shape or ())
    if len(shape) == 3:
        shape = (1, *shape)
    if len(shape) != 4 or shape[3] != _FRAME_BYTES or 0 in shape:
        raise ValueError(f"emit takes frames of (H, W, 3) or (T, H, W, 3), got {view.shape}")
    return [(shape[0], shape[1], shape[2], view.cast("B") if view.c_contiguous else view.tobytes())]


# --- memory and time ------------------------------------------------------------------------------


def _cuda(device: str) -> Any:
    """torch.cuda if the device is one and torch is in use, else None."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and device.startswith("cuda") else None


def _synchronise(device: str) -> None:
    cuda = _cuda(device)
    if cuda is not None:
        cuda.synchronize(device)


def _used_bytes(device: str) -> int | None:
    """Bytes in use now: allocated on a CUDA device, else resident; None where that cannot be known."""
    if device.startswith("cuda"):
        cuda = _cuda(device)
        return None if cuda is None else int(cuda.memory_allocated(device))
    return _status("VmRSS")


_peak_is_known = False


def _reset_peak(device: str) -> None:
    global _peak_is_known
    cuda = _cuda(device)
    if cuda is not None:
        cuda.reset_peak_memory_stats(device)
        return
    try:
        with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123  see proc(5)
            file.write("5")
    except OSError:
        _peak_is_known = False
    else:
        _peak_is_known = True


def _peak_bytes(device: str) -> int | None:
    cuda = _cuda(device)
    if cuda is not None:
        return int(cuda.max_memory_allocated(device))
    return _status("VmHWM") if _peak_is_known and device == "cpu" else None


def _status(field: str) -> int | None:
    try:
        with open("/proc/self/status") as file:  # noqa: PTH123  see proc(5)
            match = re.search(rf"^{field}:\s+(\d+) kB$", file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(match.group(1)) * 1024 if match else None
