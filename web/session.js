// Signing in and out with a token.
import { signedIn, signIn, signOut } from "./api.js";
import { announce, byId, set, show, text } from "./dom.js";

const dialog = byId("sign-dialog");
let dismissed = false;

function updateButton() {
  const session = signedIn();
  text(byId("sign"), session ? `Sign out ${session.name}` : "Sign in");
  set(byId("sign"), { title: session ? `${session.name} may ${session.role}` : null });
}

function open(why) {
  if (dialog.open) return;
  text(byId("sign-why"), why ?? "With a token of the configuration. It is kept until this tab is closed.");
  show(byId("sign-error"), false);
  byId("sign-token").value = "";
  dialog.showModal();
}

// The daemon wants a token: asks for one, but not again and again, unless somebody has just asked for what needs it.
export function askToSign(why, wanted = false) {
  if (wanted || !dismissed) open(why);
}

async function take(event) {
  event.preventDefault();
  try {
    await signIn(byId("sign-token").value.trim());
    dismissed = false;
    dialog.close();
    announce(`Signed in as ${signedIn().name}, who may ${signedIn().role}.`);
  } catch (trouble) {
    text(byId("sign-error"), trouble.message);
    show(byId("sign-error"), true);
  }
  updateButton();
}

export function startSession() {
  updateButton();
  byId("sign").addEventListener("click", () => {
    if (!signedIn()) return open();
    signOut();
    updateButton();
    return announce("Signed out.");
  });
  byId("sign-form").addEventListener("submit", take);
  byId("sign-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dismissed = !signedIn(); });
}
