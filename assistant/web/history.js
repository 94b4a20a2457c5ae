// Who reads here and which conversation, as the browser keeps it; the row below each answer, with
// which it is rated and shared. Delegated from the document, because Gradio replaces the chat.
(() => {
  const READER = "corpus-assistant-reader", CURRENT = "corpus-assistant-conversation";

  // Where storage is forbidden nothing is found again after a reload, and all else works.
  function read(storage, key) {
    try { return window[storage].getItem(key) ?? ""; } catch { return ""; }
  }
  function write(storage, key, value) {
    try { window[storage].setItem(key, value); } catch { /* see above */ }
  }

  // The id is made here and not on the server, so that two tabs opened at once have the same one.
  window.whoReads = () => {
    let reader = read("localStorage", READER);
    if (!/^[0-9a-f]{48}$/.test(reader)) {
      const bytes = crypto.getRandomValues(new Uint8Array(24));
      reader = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      write("localStorage", READER, reader);
    }
    return [reader, read("sessionStorage", CURRENT)];
  };
  // Gradio tells of an empty box too, before it is told what was read here before.
  let reads = "";
  window.nowReads = (id) => {
    if (!id && !reads) return;
    reads = id;
    write("sessionStorage", CURRENT, id);
  };

  const send = (wish) => document.dispatchEvent(new CustomEvent("answer-wish", { detail: wish }));

  // What was said here since the page was loaded: the server may draw a row as it was before.
  const said = new Map();

  function draw(row) {
    const { id, verdict, remark, fault } = known(row);
    row.classList.toggle("rated", Boolean(verdict || fault));
    for (const button of row.querySelectorAll(".rate")) {
      button.classList.toggle("chosen", button.name === verdict);
      button.ariaPressed = String(button.name === verdict);
    }
    const [told, more] = [row.querySelector(".told"), row.querySelector(".remark")];
    say(told, fault || "Thank you.");
    told.title = fault ?? "";
    say(more, remark ? "Your remark" : "Add a remark");
    more.title = remark;
    more.hidden = Boolean(fault);
  }

  // Only what differs is written: every change is seen by the observer below.
  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function known(row) {
    const { value: id } = row.querySelector(".share");
    return { id, verdict: row.querySelector(".chosen")?.name ?? "",
      remark: row.querySelector(".remark").title, ...said.get(id) };
  }

  const rows = () => document.querySelectorAll("#chat .rating");
  new MutationObserver(() => rows().forEach(draw))
    .observe(document.documentElement, { childList: true, subtree: true });

  function rate(row, verdict, remark) {
    const { id } = known(row);
    said.set(id, { verdict, remark, fault: "" });
    rows().forEach(draw); // not this row: it may have been replaced while a dialog was open
    send({ do: "rate", id, verdict, remark });
  }

  // A dialog of our own markup; what is text comes in by `value` and `textContent` only.
  function open(inner) {
    const dialog = document.createElement("dialog");
    dialog.className = "ask";
    dialog.innerHTML = `<form method="dialog">${inner}</form>`;
    dialog.addEventListener("close", () => dialog.remove());
    document.querySelector(".gradio-container").append(dialog);
    dialog.showModal();
    return dialog;
  }

  function askRemark(row) {
    const dialog = open(`<label>What is right or wrong with this answer?
      <textarea rows="4" maxlength="2000"></textarea></label>
      <p>It is kept with the question and the answer, for who runs this page.</p>
      <menu><button value="">Cancel</button><button value="keep" class="main">Keep</button></menu>`);
    const { verdict, remark } = known(row), box = dialog.querySelector("textarea");
    box.value = remark;
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "keep") rate(row, verdict, box.value.trim());
    });
  }

  function askShare(row) {
    const dialog = open(`<p>Whoever has the link and reaches this server can read this question and
      its answer with its sources, and nothing else of the conversation. You can revoke it in the
      tab “Conversations”.</p><input readonly hidden aria-label="Link">
      <p role="status"></p>
      <menu><button value="">Close</button>
      <button type="button" class="main">Make a link</button></menu>`);
    const { id } = known(row), link = dialog.querySelector("input");
    const [told, main] = [dialog.querySelector("[role=status]"), dialog.querySelector(".main")];
    dialog.addEventListener("answer-reply", ({ detail: { path, fault } }) => {
      told.textContent = fault ?? "";
      if (!path) return;
      link.value = new URL(path, location.origin + location.pathname.replace(/\/?$/, "/"));
      link.hidden = false;
      link.select();
      main.textContent = "Copy";
    });
    main.addEventListener("click", () => {
      if (link.hidden) return send({ do: "share", id });
      link.select();
      told.textContent = document.execCommand("copy") ? "Copied." : "";
    });
    dialog.dataset.answer = id;
  }

  document.addEventListener("answer-reply", ({ detail: text }) => {
    const reply = JSON.parse(text);
    const dialog = document.querySelector(`dialog.ask[data-answer="${reply.id}"]`);
    if (dialog) dialog.dispatchEvent(new CustomEvent("answer-reply", { detail: reply }));
    else if (reply.fault) said.set(reply.id, { verdict: "", remark: "", fault: reply.fault });
    rows().forEach(draw);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#chat .rating button");
    if (!button) return;
    const row = button.closest(".rating");
    if (button.matches(".share")) return askShare(row);
    if (button.matches(".remark")) return askRemark(row);
    const verdict = button.matches(".chosen") ? "" : button.name;
    rate(row, verdict, verdict && known(row).remark);
  });
})();
