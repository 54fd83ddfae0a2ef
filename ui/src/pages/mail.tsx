import { useMutation } from "@tanstack/react-query";
import { api } from "../api";
import type { MailState } from "../api-types";
import { Fact } from "../components/fact";
import { Loading } from "../components/loading";
import { Page } from "../components/page";
import { Panel } from "../components/panel";
import { Problem, Warning } from "../components/problem";
import { useShell } from "../context";
import { plural } from "../format/number";
import { isAdmin, seesEveryone } from "../permissions";
import { useMail, useRefresh } from "../queries";
import { OnlySome } from "./only-some";

const SECURITY = {
  none: "none: what it says can be read on the way",
  starttls: "STARTTLS",
  tls: "TLS",
} as const;

/** Whether messages leave, and why not. */
export function MailPage() {
  const { me } = useShell();
  return seesEveryone(me) ? <Mail /> : <OnlySome title="E-mail" />;
}

function Mail() {
  const mail = useMail();
  return (
    <Page title="E-mail">
      {mail.data && (mail.data.configured ? <Server of={mail.data} /> : <NotSetUp />)}
      {mail.isPending && (
        <section className="panel">
          <Loading what="how messages leave" rows={3} />
        </section>
      )}
      {mail.isError && <Problem error={mail.error} onRetry={() => mail.refetch()} />}
    </Page>
  );
}

function NotSetUp() {
  return (
    <Panel title="There is no mail server">
      <div className="panel-body words">
        <p>
          Invitations and recovery links are shown to you, and you send them on a way of your own. People
          cannot ask for a new password themselves.
        </p>
        <p>
          Set <code>AUTHENTIK_EMAIL__HOST</code> or <code>SMTP_HOST</code> where the server starts, and what
          belongs to them.
        </p>
      </div>
    </Panel>
  );
}

function Server({ of }: { of: MailState }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const test = useMutation({ mutationFn: api.testMail, onSettled: () => refresh("mail") });
  return (
    <>
      {of.problem && (
        <Warning>
          <p className="note-title">{plural(of.waiting, "message")} cannot leave</p>
          <p>{of.problem}</p>
        </Warning>
      )}
      <Panel
        title="Mail server"
        tools={
          isAdmin(me) && (
            <button type="button" className="button" disabled={test.isPending} onClick={() => test.mutate()}>
              Send me a test
            </button>
          )
        }
      >
        <dl className="facts">
          <Fact name="Server">
            <code>{of.server}</code>
          </Fact>
          <Fact name="Encryption">{of.security && SECURITY[of.security]}</Fact>
          <Fact name="Sender">{of.sender}</Fact>
          <Fact name="Waiting">{plural(of.waiting, "message")}</Fact>
        </dl>
        <div role="status">
          {test.data && (
            <p className="panel-note">
              Sent to {test.data.to}. The server answered: <code>{test.data.answer}</code>
            </p>
          )}
        </div>
        {test.isError && <Problem error={test.error} />}
      </Panel>
    </>
  );
}
