// Before anything is drawn: light, dark, or as the system has it.
{
  const theme = localStorage.getItem("sipsteer.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
