// Logging in with a token.
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/client";
import { logIn } from "../state/session";
import icon from "../icon.svg";

export function Login(): VNode {
  const [token, type] = useState("");
  const [problem, tell] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setBusy(true);
    void logIn(token).then((refused) => {
      setBusy(false);
      tell(refused);
    });
  };
  return <main class="login">
    <h1><img src={icon} alt="" width="22" height="22" /> tapmap</h1>
    <p class="soft">Log in with the token that your administrator gave you. It begins with <code>tapmap_</code>.</p>
    <form onSubmit={submit}>
      <label>Token<input type="password" name="token" autocomplete="current-password" required value={token}
        onInput={(event) => { type(event.currentTarget.value); }} aria-invalid={problem !== null} /></label>
      {problem !== null && <div class="fault" role="alert">{problem.status === 401 ? "This token is not valid, or no longer." : problem.detail}</div>}
      <button class="primary" type="submit" disabled={busy}>{busy ? "Asking …" : "Log in"}</button>
    </form>
  </main>;
}
