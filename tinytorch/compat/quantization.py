"""torch.ao.quantization: nothing is quantized."""

from __future__ import annotations

from .absent import absent, refusing

NO_QUANTIZATION = "tinytorch has no quantized tensors"
FakeQuantizeBase, ObserverBase, QuantStub, DeQuantStub = absent(
    NO_QUANTIZATION, "FakeQuantizeBase", "ObserverBase", "QuantStub", "DeQuantStub"
)
quantize_dynamic, prepare, prepare_qat, convert = refusing(
    NO_QUANTIZATION,
    "torch.ao.quantization.quantize_dynamic",
    "torch.ao.quantization.prepare",
    "torch.ao.quantization.prepare_qat",
    "torch.ao.quantization.convert",
)
