// A mark [n] opens, shows and focuses its card; "Back to the answer" returns to the mark.
// A link to a source opens it in the tab "Sources"; its list is searched and sorted here.
// Delegated from the document, because Gradio replaces chat and pane at every event.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const behavior = () => (calm.matches ? "auto" : "smooth");

  function flash(element) {
    element.classList.remove("flash");
    void element.offsetWidth; // restarts the animation
    element.classList.add("flash");
    setTimeout(() => element.classList.remove("flash"), 2500);
  }

  function show(card) {
    for (let fold = card.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    document.querySelectorAll(".card.current").forEach((c) => c.classList.remove("current"));
    card.classList.add("current");
    card.focus({ preventScroll: true });
    card.scrollIntoView({ behavior: behavior(), block: "start" });
    flash(card);
  }

  function back(cardId) {
    const mark = document.querySelector(`a.cite[href$="#${cardId}"]`);
    if (!mark) return;
    mark.focus({ preventScroll: true });
    mark.scrollIntoView({ behavior: behavior(), block: "center" });
    flash(mark);
  }

  // The words as understood come into the question box (asking.py), which then is written in.
  function correct() {
    document.dispatchEvent(new CustomEvent("correct-question"));
    document.querySelector("#question textarea").focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cite, a.back, a.to-short, a.correct");
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    if (link.matches(".back")) return back(link.dataset.card);
    if (link.matches(".correct")) return correct();
    if (link.matches(".to-short")) return scrollChat(document.getElementById(link.hash.slice(1)));
    const card = document.getElementById(link.hash.slice(1));
    if (card) show(card);
  }, true);

  // The page's own event reaches the server through a hidden component (catalogue.py).
  let wanted = "";

  function openSource({ source, start, end }) {
    const detail = start ? { source, start: Number(start), end: Number(end) } : { source };
    wanted = `${source}:${detail.start ?? 0}:${detail.end ?? 0}`;
    document.dispatchEvent(new CustomEvent("open-source", { detail }));
    arrive(wanted, performance.now() + 15_000);
  }

  // Waits for the source that was asked for; a later wish ends the waiting for an earlier one.
  function arrive(wish, deadline) {
    if (wish !== wanted || performance.now() > deadline) return;
    const article = document.querySelector("#reader .reading");
    if (article?.dataset.shown !== wish || !article.getClientRects().length) {
      requestAnimationFrame(() => arrive(wish, deadline));
      return;
    }
    wanted = "";
    article.focus({ preventScroll: true });
    bringIntoView(article.querySelector("mark") ?? article);
    markRow(article.dataset.shown.split(":")[0]);
  }

  // In a wide window the source has a scroll of its own, and the list beside it stays put.
  function bringIntoView(element) {
    const box = document.getElementById("reader");
    const marked = element.matches("mark");
    if (getComputedStyle(box).overflowY === "visible") {
      element.scrollIntoView({ behavior: "auto", block: marked ? "center" : "start" });
      return;
    }
    const top = element.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTop += top - (marked ? box.clientHeight / 4 : 0);
    box.scrollIntoView({ behavior: "auto", block: "nearest" });
  }

  function markRow(source) {
    document.querySelectorAll("table.sources tbody tr").forEach((row) => {
      const link = row.querySelector("a.open-source");
      const current = link.dataset.source === source;
      row.classList.toggle("current", current);
      link.ariaCurrent = current ? "true" : null;
      if (!current) return;
      const box = row.closest(".rows").getBoundingClientRect();
      const { top, bottom } = row.getBoundingClientRect();
      if (top < box.top + 30) row.closest(".rows").scrollTop += top - box.top - 40;
      else if (bottom > box.bottom) row.closest(".rows").scrollTop += bottom - box.bottom + 10;
    });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.open-source, a.to-heading, a.to-list");
    const row = event.target.closest?.("table.sources tbody tr");
    if (!link && !row) return;
    event.preventDefault();
    if (link?.matches(".to-heading")) return goTo(link.closest("article").querySelector(link.hash));
    if (link?.matches(".to-list")) return goTo(document.getElementById("find-source"));
    openSource((link ?? row.querySelector("a.open-source")).dataset);
  });

  function goTo(element) {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ behavior: behavior(), block: "start" });
  }

  // Every word typed must stand somewhere in the row or among the source's other names.
  document.addEventListener("input", (event) => {
    if (event.target.id !== "find-source") return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...document.querySelectorAll("table.sources tbody tr")];
    const shown = rows.filter((row) => {
      const text = [...row.children].map((cell) => cell.textContent)
        .concat(row.dataset.names).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      return !row.hidden;
    }).length;
    const found = document.querySelector(".find .found");
    found.textContent = words.length ? `${shown} of ${rows.length}` : `${rows.length} listed`;
  });

  document.addEventListener("click", (event) => {
    const head = event.target.closest?.("table.sources thead th");
    if (!head) return;
    const direction = head.ariaSort === "ascending" ? -1 : 1;
    for (const other of head.parentElement.children) other.ariaSort = "none";
    head.ariaSort = direction > 0 ? "ascending" : "descending";
    const key = (row) => {
      const cell = row.children[head.cellIndex];
      return cell.querySelector("[data-sort]")?.dataset.sort ?? cell.textContent;
    };
    const body = head.closest("table").tBodies[0];
    const rows = [...body.rows].sort((a, b) => direction * key(a).localeCompare(key(b)));
    body.append(...rows);
  });

  // A question that is new, changed or asked again is brought to the top of the chat, so that its
  // answer is read from the start.
  let asked = "";
  new MutationObserver(() => {
    // Gradio labels a message with its HTML source, which a screen reader would read out.
    document.querySelectorAll("[data-testid=bot], [data-testid=user]").forEach((message) => {
      const label = message.dataset.testid === "bot" ? "Answer" : "Question";
      if (message.ariaLabel !== label) message.ariaLabel = label;
    });
    const questions = [...document.querySelectorAll(".asked")];
    const latest = questions.at(-1);
    const now = [questions.length, document.querySelectorAll(".version").length,
      latest?.textContent].join(" ");
    if (latest && now !== asked) requestAnimationFrame(() => scrollChat(latest));
    asked = now;
  }).observe(document.documentElement, { childList: true, subtree: true });

  function scrollChat(element) {
    const box = element.closest("[role=log]");
    if (!box) return;
    const top = element.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTo({ top: box.scrollTop + top - 16, behavior: behavior() });
  }
})();
