"""Without torch there is nothing to compare with; the tests say so and are skipped.

What asks a library is imported where that library is, by make_references.py alone.
"""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["networks.py", "onnx_networks.py", "make_foreign_maps.py"]
collect_ignore += [] if find_spec("torch") and find_spec("keras") else ["keras_networks.py"]
collect_ignore_glob = ["ask_*.py", "torch_twin.py"]
