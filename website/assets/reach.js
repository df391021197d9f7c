// What the theme leaves to say to a keyboard and to a screen reader.

// What scrolls sideways can be reached and scrolled by keyboard.
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

// Navigations have names that differ.
const name = () => {
  for (const nav of document.querySelectorAll("nav.md-nav[aria-labelledby]")) {
    // Where the heading is a page of its own, the label holds an arrow alone and stands beside the page's link.
    const label = document.getElementById(nav.getAttribute("aria-labelledby"));
    const words = (label?.textContent.trim() || label?.parentElement.textContent.trim())?.replace(/\s+/g, " ");
    if (words) {
      nav.setAttribute("aria-label", `Pages of ${words}`);
      nav.removeAttribute("aria-labelledby");
    }
  }
  document.querySelectorAll("nav.md-nav--secondary").forEach((nav, at) => {
    if (at) nav.setAttribute("aria-label", `On this page, ${at + 1}`);
  });
  document.querySelectorAll("nav.md-code__nav").forEach((nav, at) => nav.setAttribute("aria-label", `Code ${at + 1}`));
};

const all = () => {
  reach();
  name();
};
addEventListener("load", () => {
  all();
  setTimeout(all, 200);  // the theme wraps tables, and gives code its buttons, after the page has loaded
});
addEventListener("resize", reach);
