"""Make photos/cat.jpg and photos/coffee.jpg, 320 pixels wide, from scikit-image's wheel.

    pip download --no-deps scikit-image==0.26.0
    python data/make_photos.py scikit_image-0.26.0-*.whl

The bytes may depend on the version of libjpeg that Pillow comes with.
"""

import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

WIDTH = 320
SOURCES = {"cat": "chelsea", "coffee": "coffee"}

with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name, source in SOURCES.items():
        photo = Image.open(io.BytesIO(wheel.read(f"skimage/data/{source}.png"))).convert("RGB")
        small = photo.resize((WIDTH, round(photo.height * WIDTH / photo.width)), Image.Resampling.LANCZOS)
        small.save(Path(__file__).parent / "photos" / f"{name}.jpg", quality=90, optimize=True)
