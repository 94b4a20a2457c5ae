// A mark [n] opens, shows and focuses its card; "Back to the answer" returns to the mark.
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

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cite, a.back");
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    if (link.matches(".back")) return back(link.dataset.card);
    const card = document.getElementById(link.hash.slice(1));
    if (card) show(card);
  }, true);

  // A new question is brought to the top of the chat, so that its answer is read from the start.
  let asked = 0;
  new MutationObserver(() => {
    // Gradio labels a message with its HTML source, which a screen reader would read out.
    document.querySelectorAll("[data-testid=bot], [data-testid=user]").forEach((message) => {
      const label = message.dataset.testid === "bot" ? "Answer" : "Question";
      if (message.ariaLabel !== label) message.ariaLabel = label;
    });
    const questions = document.querySelectorAll(".asked");
    if (questions.length > asked) {
      const latest = questions[questions.length - 1];
      requestAnimationFrame(() => scrollChat(latest));
    }
    asked = questions.length;
  }).observe(document.documentElement, { childList: true, subtree: true });

  function scrollChat(element) {
    const box = element.closest("[role=log]");
    if (!box) return;
    const top = element.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTo({ top: box.scrollTop + top - 16, behavior: behavior() });
  }
})();
