// Before anything is painted: the theme that was chosen by hand, and that there is a script.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("awed-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system decides.
}
