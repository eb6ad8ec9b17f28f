"""What the images that the node knows do: Istio's Bookinfo in small, and an echo."""

from __future__ import annotations
