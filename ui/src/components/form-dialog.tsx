import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { formErrors } from "../api-error";
import { Dialog } from "./dialog";
import { useFocusInvalid } from "./field";
import { Problem } from "./problem";

interface Props<T> {
  title: string;
  act: string;
  /** The fields that the form has a place for. What is wrong with others is said above the form. */
  known: readonly string[];
  run: (data: FormData) => Promise<T>;
  onDone: (result: T) => void;
  onClose: () => void;
  children: (errors: Readonly<Record<string, string>>) => ReactNode;
  narrow?: boolean;
  destroys?: boolean;
}

/** A form in a dialog: what was refused stands at its field, and the focus goes to the first of them. */
export function FormDialog<T>(props: Props<T>) {
  const form = useRef<HTMLFormElement>(null);
  const mutation = useMutation({ mutationFn: props.run, onSuccess: props.onDone });
  const errors = formErrors(mutation.error, props.known);
  useFocusInvalid(form, mutation.error);
  return (
    <Dialog title={props.title} onClose={props.onClose} narrow={props.narrow ?? false}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          mutation.mutate(new FormData(event.currentTarget));
        }}
      >
        <div className="dialog-body">
          {errors.whole && <Problem error={errors.whole} />}
          {props.children(errors.fields)}
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={props.onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={props.destroys ? "button button-bad" : "button button-primary"}
            disabled={mutation.isPending}
          >
            {props.act}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** A text field of a form, without the white space around it. */
export const textOf = (data: FormData, name: string) => String(data.get(name) ?? "").trim();
