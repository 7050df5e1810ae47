"""torch.onnx is there to be imported; exporting is not."""


def is_in_onnx_export() -> bool:
    return False


def export(model, args=(), f=None, **options) -> None:
    raise NotImplementedError(
        "torch.onnx.export: tinytorch writes no ONNX files; torch.save(model.state_dict(), path) keeps the weights"
    )
