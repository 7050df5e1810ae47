"""What `make demo` runs: XOR, drawn digits and a little text, on data that needs no download."""

import time

import mnist_lenet
import mnist_mlp
import shakespeare_gpt
import xor

STEPS = (
    ("XOR from five seeds", xor.main, ["seeds=5"]),
    ("digits drawn by the package, with a multilayer perceptron", mnist_mlp.main, ["data=drawn", "epochs=3"]),
    ("the same digits, with LeNet-5", mnist_lenet.main, ["data=drawn", "epochs=2"]),
    ("a small GPT on the English that every Python carries", shakespeare_gpt.main, [
        "data=english", "iterations=150", "warmup=20", "n_layer=2", "n_embd=64", "eval_every=50", "eval_batches=10", "sample=200",
    ]),
)  # fmt: skip


def main() -> None:
    for title, run, arguments in STEPS:
        print(f"\n== {title}", flush=True)
        begun = time.perf_counter()
        run(arguments)
        print(f"   ({time.perf_counter() - begun:.0f} s)")


if __name__ == "__main__":
    main()
