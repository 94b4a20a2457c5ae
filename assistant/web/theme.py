"""How the page looks and what its script does; nothing is fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

# Plain names, never `GoogleFont`: Gradio would fetch that from the network.
_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", font=_FONT, font_mono=_MONO,
        radius_size="md", text_size="md",
    ).set(
        body_background_fill="#f7f7f5", body_background_fill_dark="#14171c",
        body_text_color="#1f2430", body_text_color_dark="#e3e6ec",
    )


def css() -> str:
    return _beside("page.css") + _beside("history.css")


def head() -> str:
    """The scripts: of the citation marks, and of what is kept."""
    return "".join(f"<script>{_beside(name)}</script>" for name in ("citations.js", "history.js"))


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
