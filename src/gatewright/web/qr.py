"""QR codes as images."""

import base64
import io
from importlib import import_module


def qr_image(text: str) -> str:
    """A QR code as a `data:` address that an image can show."""
    out = io.BytesIO()
    # Loaded at the first need: few people ever set up an app, and every worker would pay for it.
    import_module("segno").make(text, micro=False).save(out, kind="svg", scale=5, border=4, light="#fff", dark="#000")
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()
