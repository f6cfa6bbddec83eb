"""Make imagenet_class_index.json, the names of ImageNet's 1,000 classes: python data/make_imagenet_names.py timm.whl

The wheel of timm (`pip download --no-deps timm==1.0.31`) lists the classes in their order and, from WordNet, what each
is called.  Keras's name is the first of these words, with _ for a space; the result is Keras's own file, byte for byte,
as its checksum tells.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

MD5 = "c2c37ea517e94d9795004a39431a14cb"  # keras/src/applications/imagenet_utils.py

with zipfile.ZipFile(sys.argv[1]) as wheel:
    classes = wheel.read("timm/data/_info/imagenet_synsets.txt").decode().split()
    lines = wheel.read("timm/data/_info/imagenet_synset_to_lemma.txt").decode().splitlines()
called = dict(line.split("\t", 1) for line in lines)
index = {str(i): [k, called[k].split(",")[0].replace(" ", "_")] for i, k in enumerate(classes)}
text = json.dumps(index).encode()
if hashlib.md5(text).hexdigest() != MD5:
    sys.exit("these are not the names that Keras uses")
Path(__file__).with_name("imagenet_class_index.json").write_bytes(text)
