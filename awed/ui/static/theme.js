// Runs before anything is painted: sets the theme that was chosen by hand, and a class that says that scripts run.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("awed-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Without storage, the system's theme is used.
}
