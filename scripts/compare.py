"""Compares decrypted predictions with ONNX Runtime on the same rows.

    compare.py MODEL.onnx ROWS.csv PREDICTIONS.jsonl

Exits with 1 if a class differs or a score is off by more than 2^-10.
"""

import csv
import json
import sys

import numpy as np
import onnxruntime


def main(model, table, predictions):
    with open(table) as file:
        rows = np.array(list(csv.reader(file))[1:], dtype=np.float32)
    session = onnxruntime.InferenceSession(model)
    outputs = session.run(None, {session.get_inputs()[0].name: rows})
    labels, scores = outputs[0], outputs[1]
    agree = True
    print("row   decrypted                      ONNX Runtime                   difference")
    with open(predictions) as file:
        for line in file:
            found = json.loads(line)
            row = found["row"]
            wanted = scores[row]
            wanted = list(wanted.values()) if isinstance(wanted, dict) else list(wanted)
            same = found["prediction"] == labels[row].item()
            # Scores of private models are not shown unless they are asked for.
            shown, difference = found.get("scores"), "-"
            if shown is not None:
                difference = max(abs(a - b) for a, b in zip(shown, wanted, strict=True))
                same &= difference < 2**-10
                difference = f"{difference:.1e}"
            agree &= same
            show = lambda values: "" if values is None else f" [{', '.join(f'{v:.6f}' for v in values)}]"
            print(
                f"{row:<5} {str(found['prediction']) + show(shown):30} "
                f"{str(labels[row]) + show(wanted):30} {difference:7} {'ok' if same else 'DIFFERS'}"
            )
    sys.exit(0 if agree else "error: a decrypted prediction differs from ONNX Runtime's")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
