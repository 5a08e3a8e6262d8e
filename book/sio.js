// Prepares the tables for narrow screens, where `sio.css` shows each row as a block: a cell then needs the head of its
// column. Tables of numbers, whose cells stand at the right, stay tables.
for (const table of document.querySelectorAll(".content table")) {
  if (table.querySelector("td[style*='right']") !== null) continue;
  table.classList.add("words");
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, column) => {
      if (heads[column]) cell.dataset.head = heads[column];
    });
  }
}
