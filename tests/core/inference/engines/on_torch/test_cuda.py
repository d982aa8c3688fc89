"""CUDA graphs: when a pass is captured and replayed, and what happens where that fails.

The graphs are stand-ins that compute on the processor; the last tests are for a real GPU.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from core.inference.engines.models import Precision, Reading
from core.inference.engines.on_torch.cuda import CAPTURED_FROM, MOST_GRAPHS, Captured, CudaBackend, Forward
from core.inference.engines.on_torch.low_precision import in_low_precision
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.folded_norms import fold_batch_norms
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from fakes import telling_checkpoint

NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
MERGES = [NO_MERGING, MergeSchedule(r=8), MergeSchedule(r=8, matcher="energy")]


class FakeCapture:
    """Stands in for what captures CUDA graphs, in the processor's memory. Replaying a pass computes it again, from the
    captured input into the captured answer."""

    def __init__(self, offset: float = 0.0) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.n_replays = 0
        self.is_replaying = False
        self._offset = offset

    def __call__(self, forward: Forward, shape: tuple[int, ...]) -> Captured:
        self.shapes.append(shape)
        host, windows = torch.zeros(shape), torch.zeros(shape)
        logits = torch.zeros_like(forward(windows))

        def replay() -> None:
            assert not self.is_replaying, "two graphs at once would share memory"
            self.is_replaying = True
            logits.copy_(forward(windows) + self._offset)
            self.n_replays += 1
            self.is_replaying = False

        return Captured(host, windows, logits, replay)


def means(windows: Tensor) -> Tensor:
    return windows.mean(dim=(1, 2))[:, None]


def window(value: float, n_frames: int = 20, n_windows: int = 1) -> np.ndarray:
    return np.full((n_windows, n_frames, 128), value, np.float32)


def backend_of(capture: FakeCapture) -> CudaBackend:
    return CudaBackend(capture, place="cpu")


def test_a_shape_that_comes_often_is_captured_once_and_replayed() -> None:
    capture = FakeCapture()
    backend = backend_of(capture)
    answers = [backend.run("clip", means, window(value))[0, 0] for value in range(10)]
    assert answers == list(range(10))
    assert capture.shapes == [(1, 20, 128)]
    # The first replay is compared with the eager answer.
    assert capture.n_replays == 10 - CAPTURED_FROM + 1


def test_an_answer_stays_when_the_next_input_comes() -> None:
    backend = backend_of(FakeCapture())
    answers = [backend.run("clip", means, window(value)) for value in range(6)]
    assert [answer[0, 0] for answer in answers] == [0, 1, 2, 3, 4, 5]


def test_there_are_only_so_many_graphs() -> None:
    capture = FakeCapture()
    backend = backend_of(capture)
    for n_frames in range(1, MOST_GRAPHS + 2):
        for value in range(CAPTURED_FROM):
            assert backend.run(n_frames, means, window(value, n_frames))[0, 0] == value
    assert len(capture.shapes) == len(backend._graphs) + 1 == MOST_GRAPHS + 1
    before = capture.n_replays
    assert backend.run(1, means, window(7.0, 1))[0, 0] == 7.0  # the oldest, which has gone
    assert capture.n_replays == before


def test_any_number_of_threads_get_their_answers() -> None:
    capture = FakeCapture()
    backend, barrier = backend_of(capture), threading.Barrier(8)

    def ask(number: int) -> list[float]:
        barrier.wait()
        answers = [backend.run("clip", means, window(number + place / 64)) for place in range(30)]
        return [float(answer[0, 0]) for answer in answers]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert found == [[number + place / 64 for place in range(30)] for number in range(8)]
    assert len(capture.shapes) == 1


def fails(_forward: Forward, _shape: tuple[int, ...]) -> Captured:
    raise RuntimeError("operation not permitted when stream is capturing")


def test_what_cannot_be_captured_runs_eagerly_and_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    backend = CudaBackend(fails, place="cpu")
    assert [backend.run("clip", means, window(value))[0, 0] for value in range(9)] == list(range(9))
    [told] = caplog.messages
    assert "not permitted" in told


def test_a_graph_that_answers_otherwise_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    capture = FakeCapture(offset=0.5)
    backend = backend_of(capture)
    assert [backend.run("clip", means, window(value))[0, 0] for value in range(9)] == list(range(9))
    assert (capture.n_replays, len(caplog.messages)) == (1, 1)


def test_graphs_go_when_memory_is_needed() -> None:
    capture = FakeCapture()
    backend = backend_of(capture)
    for _ in range(2):
        for value in range(CAPTURED_FROM + 1):
            backend.run("clip", means, window(value))
        backend.free()
    assert len(capture.shapes) == 2
    assert not backend._graphs


@pytest.mark.parametrize("merge", MERGES)
def test_each_reading_length_batch_schedule_and_precision_has_its_graph(merge: MergeSchedule) -> None:
    capture = FakeCapture()
    network = telling_checkpoint().build()
    placed = PlacedNetwork(network, "cuda", backend_of(capture))
    cases: list[tuple[Reading, int, int, Precision]] = [
        ("clip", 64, 1, "fp32"),
        ("columns", 64, 1, "fp32"),
        ("clip", 96, 1, "fp32"),
        ("clip", 64, 2, "fp32"),
        ("clip", 64, 1, "bf16"),
    ]
    rng = np.random.default_rng(0)
    for reading, n_frames, n_windows, precision in cases:
        engine = TorchEngine(placed, merge, precision)
        inputs = rng.normal(0, 0.5, (n_windows, n_frames, 128)).astype(np.float32)
        answers = [engine.run(reading, inputs) for _ in range(CAPTURED_FROM + 1)]
        np.testing.assert_allclose(answers[-1], answers[0], atol=1e-5)
    assert len(capture.shapes) == len(cases)


@pytest.fixture
def on_a_gpu_in_name() -> Iterator[AudioSpectrogramTransformer]:
    """A network of tensors without numbers on a GPU: what needs a number, as a pass does that cannot be captured, or
    another device's tensor, raises."""
    network = telling_checkpoint().build()
    assert isinstance(network, AudioSpectrogramTransformer)
    fold_batch_norms(network)
    with FakeTensorMode(), torch.inference_mode():
        for module in network.modules():
            for name, value in list(module._parameters.items()):
                if value is not None:
                    empty = torch.empty(value.shape, dtype=value.dtype, device="cuda")
                    module._parameters[name] = nn.Parameter(empty, requires_grad=False)
        yield network


@pytest.mark.parametrize("merge", MERGES)
def test_a_pass_never_waits_for_the_gpu_nor_mixes_devices(
    on_a_gpu_in_name: AudioSpectrogramTransformer, merge: MergeSchedule
) -> None:
    windows = torch.empty(2, 256, 128, device="cuda")
    for network in (on_a_gpu_in_name, in_low_precision(on_a_gpu_in_name, "bf16")):
        assert isinstance(network, AudioSpectrogramTransformer)
        assert network(windows, merge=merge).device.type == "cuda"
        assert network.frame_logits(windows, merge=merge).dtype == torch.float32
    with pytest.raises(DataDependentOutputException):
        windows.sum().item()


@NEEDS_CUDA
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_real_graph_answers_as_the_processor_does(merge: MergeSchedule, precision: Precision) -> None:
    network = telling_checkpoint().build()
    exact = PlacedNetwork(network, "cpu").answer
    on_gpu = PlacedNetwork(telling_checkpoint().build().to("cuda"), "cuda")
    inputs = np.random.default_rng(0).normal(0, 0.5, (2, 256, 128)).astype(np.float32)
    wanted = exact(Pass("clip", merge, "fp32"), inputs)
    answers = [on_gpu.answer(Pass("clip", merge, precision), inputs) for _ in range(CAPTURED_FROM + 2)]
    assert isinstance(on_gpu.backend, CudaBackend)
    assert len(on_gpu.backend._graphs) == 1
    for answer in answers:
        np.testing.assert_allclose(answer, wanted, atol=0.02 if precision == "fp32" else 0.1)


@NEEDS_CUDA
def test_a_real_capture_that_waits_for_the_gpu_falls_back() -> None:
    backend = CudaBackend()
    waits: Forward = lambda windows: means(windows) + windows.mean().item() * 0  # noqa: E731
    assert [backend.run("clip", waits, window(value))[0, 0] for value in range(9)] == list(range(9))
    assert not backend._graphs
