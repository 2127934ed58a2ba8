
// What both flame graphs do with names: the picture's script and the page's stand behind this one, within one function.

// As much of a text as so many letters have room for.
function clip(text, room) {
  if (room < 3) return '';
  if (text.length <= room) return text;
  const letters = Array.from(text);
  return letters.length <= room ? text : letters.slice(0, room - 1).join('') + '…';
}

// A regular expression where it is one, else the text as it stands.
function expression(text) {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
  }
}
