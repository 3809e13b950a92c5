"""Turn the EfficientNet-Lite2 weights into an ONNX graph.

The network is Google's EfficientNet-Lite (tensorflow/tpu, `efficientnet/lite`): a stem, 21 inverted residual blocks
without squeeze-and-excitation, a head of 1280 channels, ReLU6 throughout, and padding as TensorFlow does it.
Channels, kernels and depth are read off the weights; only the strides are not in them. Each batch norm is folded
into the convolution before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

SIDE = 260
"""Pixels of the square that the network was trained on (`efficientnet_lite_builder.py`, lite2)."""
CLASSES = 1000
FEATURES = 1280
MEAN, SCALE = 127.0, 128.0
"""The network takes (RGB - 127) / 128 (`efficientnet_lite_builder.py`, MEAN_RGB and STDDEV_RGB)."""
EPSILON = 1e-3
"""Batch norm's (`efficientnet_lite_builder.py`, batch_norm_epsilon)."""
BLOCKS = 21
STRIDED_BLOCKS = {1, 4, 7, 15}
"""The first blocks of the stages with stride 2, where the stages have 1, 3, 3, 4, 4, 5 and 1 blocks."""
OPSET, IR_VERSION = 17, 8
"""Versions of ONNX from 2022: the graph needs nothing newer, and older readers can run it."""

Weights = Mapping[str, NDArray[Any]]


def build(weights: Weights) -> ModelProto:
    """The network as ONNX, named by the state dict's own keys; a missing one is a KeyError.

    Input `frames`: (n, 260, 260, 3) uint8 RGB. Outputs, float32: `probabilities` (n, 1000), and `features`
    (n, 1280), the last activations before the classifier averaged over the picture.
    """
    network = _Network(weights)
    network.add_all()
    graph = helper.make_graph(
        network.nodes,
        "efficientnet_lite2",
        [helper.make_tensor_value_info("frames", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", CLASSES]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", FEATURES]),
        ],
        initializer=network.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="reelmill")
    checker.check_model(model, full_check=True)
    return model


class _Network:
    """Collects nodes and constants. Each method adds some and returns the name of the value they end in."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add_all(self) -> None:
        self._constant("zero", np.float32(0))
        self._constant("six", np.float32(6))
        x = self._convolve(self._normalise("frames"), "_conv_stem", "_bn0", stride=2)
        for index in range(BLOCKS):
            x = self._block(x, f"_blocks.{index}.", stride=2 if index in STRIDED_BLOCKS else 1)
        x = self._convolve(x, "_conv_head", "_bn1")
        x = self._node("ReduceMean", [x], "features", axes=[2, 3], keepdims=0)
        weight, bias = (self._constant(name, self.weights[name]) for name in ("_fc.weight", "_fc.bias"))
        x = self._node("Gemm", [x, weight, bias], "logits", transB=1)
        self._node("Softmax", [x], "probabilities", axis=1)

    def _normalise(self, frames: str) -> str:
        x = self._node("Cast", [frames], "frames.float", to=TensorProto.FLOAT)
        x = self._node("Sub", [x, self._constant("mean", np.float32(MEAN))], "frames.centred")
        x = self._node("Div", [x, self._constant("scale", np.float32(SCALE))], "frames.scaled")
        return self._node("Transpose", [x], "frames.planes", perm=[0, 3, 1, 2])

    def _block(self, x: str, name: str, stride: int) -> str:
        """An inverted residual block: widen, filter each channel, narrow; add the input where the shapes agree."""
        expand, filters, project = (f"{name}_{part}_conv" for part in ("expand", "depthwise", "project"))
        wide, channels = x, self.weights[f"{filters}.weight"].shape[0]
        if f"{expand}.weight" in self.weights:
            wide, channels = self._convolve(x, expand, f"{name}_bn0"), self.weights[f"{expand}.weight"].shape[1]
        filtered = self._convolve(wide, filters, f"{name}_bn1", stride=stride)
        narrow = self._convolve(filtered, project, f"{name}_bn2", activate=False)
        if stride != 1 or channels != self.weights[f"{project}.weight"].shape[0]:
            return narrow
        return self._node("Add", [x, narrow], f"{name}sum")

    def _convolve(self, x: str, conv: str, norm: str, *, stride: int = 1, activate: bool = True) -> str:
        """A convolution with its batch norm folded in, and ReLU6 unless told otherwise."""
        kernel, bias = self._folded(conv, norm)
        inputs = [x, self._constant(f"{conv}.weight", kernel), self._constant(f"{conv}.bias", bias)]
        # Kernels with one input channel are the depthwise ones: each filters a channel of its own.
        groups = kernel.shape[0] if kernel.shape[1] == 1 else 1
        y = self._node("Conv", inputs, conv, auto_pad="SAME_UPPER", strides=[stride, stride], group=groups)
        if not activate:
            return y
        return self._node("Clip", [y, "zero", "six"], f"{conv}.relu6")

    def _folded(self, conv: str, norm: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Kernel and bias of a convolution followed by its batch norm, which is a scale and a shift."""
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + EPSILON)
        return self.weights[f"{conv}.weight"] * factor[:, None, None, None], shift - mean * factor

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, value: NDArray[Any] | np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name
