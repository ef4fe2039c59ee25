// The count of unread messages in the title of a page that is in the background.

/** `(2) ` in front of the page's title while it is hidden. Whatever the page itself makes of its title meanwhile stays. */
export function createTitle(): (unread: number) => void {
  let shown = "";
  return (unread) => {
    const { title, hidden } = document;
    const wanted = hidden && unread ? `(${unread}) ` : "";
    if (wanted !== shown) document.title = wanted + (title.startsWith(shown) ? title.slice(shown.length) : title);
    shown = wanted;
  };
}
