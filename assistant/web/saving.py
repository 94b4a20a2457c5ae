"""What is shown, kept: a choice of file and a button, and a button that copies.

The browser makes the file itself: nothing of a conversation is kept on the server for it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gradio as gr

from assistant.web.filters import QUICK

_DOWNLOAD = """(name, data) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
# Over plain HTTP from another machine there is no clipboard but the old command.
_COPY = """async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const button = document.querySelector("#copy");
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 1500);
}"""


class Saving(NamedTuple):
    """`kind` is the suffix of the file that is wanted."""

    kind: gr.Dropdown
    button: gr.Button


def fill(name: str, kinds: Mapping[str, tuple[str, object]]) -> Saving:
    """The choice among the kinds of file (suffix → what it is called), the first one set."""
    choices = [(called, suffix) for suffix, (called, _) in kinds.items()]
    with gr.Row(elem_id=f"save-{name}", elem_classes="saving"):
        kind = gr.Dropdown(
            choices, value=choices[0][1], label="Kind of file", show_label=False, container=False,
            filterable=False, min_width=100, scale=0, elem_id=f"save-{name}-as",
        )
        button = gr.Button("Save", size="sm", elem_id=f"save-{name}-now", scale=0)
    return Saving(kind, button)


def wire(
    saving: Saving, state: gr.State, name: str, write: Callable[[Any, str], bytes]
) -> None:
    """`write` makes the file of what stands in the state; its name is the second argument."""
    file_name, data = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")

    def made(shown: Any, suffix: str) -> tuple[str, str]:
        return f"{name}{suffix}", b64encode(write(shown, f"{name}{suffix}")).decode()

    saving.button.click(made, [state, saving.kind], [file_name, data], **QUICK).then(
        None, [file_name, data], None, js=_DOWNLOAD, api_visibility="private"
    )


def wire_copy(button: gr.Button, state: gr.State, write: Callable[[Any], str]) -> None:
    """`write` makes the text of what stands in the state."""
    text = gr.Textbox(visible="hidden")
    button.click(write, state, text, **QUICK).then(
        None, text, None, js=_COPY, api_visibility="private"
    )
