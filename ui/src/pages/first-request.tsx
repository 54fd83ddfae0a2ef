import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../api";
import { asApiError } from "../api-error";
import type { Overview } from "../api-types";
import { CopyButton } from "../components/copy";
import { Icon } from "../components/icons";
import { Problem } from "../components/problem";
import { useShell } from "../context";
import { curl, KEY_PLACEHOLDER } from "../format/curl";
import { createsKeys, isAdmin } from "../permissions";
import { useRefresh } from "../queries";

const NAME = "First request";

/** A key named for its purpose, or for the minute too when an earlier try took the name. */
async function createFirstKey() {
  const named = (name: string) => api.createKey({ name, models: [], expires_in: "30d" });
  try {
    return await named(NAME);
  } catch (thrown) {
    if (asApiError(thrown).status !== 409) throw thrown;
    return named(`${NAME} ${new Date().toISOString().slice(0, 19).replace("T", " ")}`);
  }
}

/** From nothing to the first answered request without leaving the page. */
export function FirstRequest({ overview, onDismiss }: { overview: Overview; onDismiss: () => void }) {
  const { me } = useShell();
  const refresh = useRefresh();
  const key = useMutation({
    mutationFn: createFirstKey,
    onSuccess: () => refresh("keys"),
    // The guide is left for good with the page: the key should not outlive it in memory.
    gcTime: 0,
  });
  const done = overview.first_request_done;
  const model = overview.example_model;
  const command = model ? curl(overview.base_url, model, key.data?.key ?? KEY_PLACEHOLDER) : "";
  return (
    <section className="panel guide" aria-labelledby="guide-title">
      <header className="panel-head">
        <h2 id="guide-title">Send your first request</h2>
        {done && (
          <button type="button" className="button" onClick={onDismiss}>
            Close the guide
          </button>
        )}
      </header>
      <ol className="steps">
        <Step done={key.isSuccess || done} number={1} title={createsKeys(me) ? "Create a key" : "Get a key"}>
          {createsKeys(me) ? (
            key.isSuccess ? (
              <p>
                The key is in the command below. It is shown this once and works for 30 days; you can revoke
                it under <Link href="/keys">Keys</Link>.
              </p>
            ) : (
              <>
                <p>A key lets an app call models. It goes into the command below, and is shown this once.</p>
                <button
                  type="button"
                  className="button button-primary"
                  disabled={key.isPending}
                  onClick={() => key.mutate()}
                >
                  <Icon name="plus" />
                  Create a key
                </button>
              </>
            )
          ) : (
            <p>
              Your role cannot create keys. Ask an administrator for one and put it into the command below.
            </p>
          )}
          {key.isError && <Problem error={key.error} />}
        </Step>
        <Step done={done} number={2} title="Run this in a terminal">
          {model ? (
            <div className="code">
              <pre data-testid="first-request-curl">{command}</pre>
              <div className="code-tools">
                <CopyButton text={command} label="Copy the command" />
              </div>
            </div>
          ) : isAdmin(me) ? (
            <p>
              There is no model yet. <Link href="/models?new=model">Add a model</Link>, then come back.
            </p>
          ) : (
            <p>There is no model that you may use yet. Ask an administrator for one.</p>
          )}
        </Step>
        <Step done={done} number={3} title={done ? "Your first request arrived" : "See it arrive"}>
          <p role="status" className={done ? undefined : "waiting"}>
            {done ? "It is counted in the figures below." : "Waiting for your first request"}
          </p>
        </Step>
      </ol>
    </section>
  );
}

function Step(props: { done: boolean; number: number; title: string; children: ReactNode }) {
  return (
    <li className={props.done ? "step step-done" : "step"}>
      <span className="step-mark" aria-hidden="true">
        {props.done ? <Icon name="check" /> : props.number}
      </span>
      <div className="step-body">
        <h3>
          {props.title}
          {props.done && <span className="hidden">, done</span>}
        </h3>
        {props.children}
      </div>
    </li>
  );
}
