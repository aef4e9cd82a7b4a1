"""How many photos a second the network of resnet_service takes where there is nothing else to do.

    python network_alone.py FILE.onnx SECONDS

As many runs at a time as there are cores, with one thread each, which costs a processor the least. Prints runs a second.
"""

import os
import sys
import threading
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
tensor = np.random.default_rng(0).standard_normal((1, 3, 224, 224), np.float32)
session.run(["embedding"], {"input": tensor})
runs = []
begun = time.monotonic()
end = begun + float(sys.argv[2])


def work():
    while time.monotonic() < end:
        session.run(["embedding"], {"input": tensor})
        runs.append(1)


threads = [threading.Thread(target=work) for _ in range(os.cpu_count())]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(runs) / (time.monotonic() - begun))
