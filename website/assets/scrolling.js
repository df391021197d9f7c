// What scrolls sideways can be reached and scrolled by keyboard, and a screen reader is told what it is.
const reach = () => {
  for (const box of document.querySelectorAll(".md-typeset pre > code, .md-typeset__scrollwrap, .md-typeset__table")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls && !box.hasAttribute("tabindex")) {
      box.tabIndex = 0;
      box.dataset.reached = "";
    } else if (!scrolls && "reached" in box.dataset) {
      box.removeAttribute("tabindex");
      delete box.dataset.reached;
    }
  }
};
addEventListener("load", () => {
  reach();
  setTimeout(reach, 200);  // the theme wraps tables after the page has loaded
});
addEventListener("resize", reach);
