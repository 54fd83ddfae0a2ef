import { useId, useRef } from "react";
import { added, type Row, type RowErrors } from "../parameters";
import { EXAMPLES, PARAMETERS, SECRETS } from "../providers";
import { Icon } from "./icons";
import { FieldError } from "./labelled";

interface Props {
  rows: readonly Row[];
  errors: RowErrors;
  open: boolean;
  onOpen: (open: boolean) => void;
  onChange: (rows: Row[]) => void;
}

/** The rest of what a model may be given: folded, rows of a name and its value. */
export function Parameters({ rows, errors, open, onOpen, onChange }: Props) {
  const id = useId();
  const fresh = useRef<number | null>(null);
  const adding = useRef<HTMLButtonElement>(null);
  const add = () => {
    const more = added(rows);
    fresh.current = more.at(-1)?.id ?? null;
    onChange(more);
  };
  return (
    <details className="fold" open={open} onToggle={(event) => onOpen(event.currentTarget.open)}>
      <summary>
        Further parameters<span className="optional"> optional</span>
      </summary>
      <div className="fold-body">
        <p className="hint">
          By LiteLLM's names: regions and keys of clouds, limits such as <code>rpm</code>, headers, defaults
          of requests. Kept encrypted, and never shown again.
        </p>
        <datalist id={`${id}-names`}>
          {PARAMETERS.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {rows.map((row, index) => (
          <ParameterRow
            key={row.id}
            row={row}
            number={index + 1}
            names={`${id}-names`}
            error={errors[row.id]}
            fresh={fresh}
            onChange={(change) => onChange(rows.map((one) => (one === row ? { ...one, ...change } : one)))}
            onRemove={() => {
              onChange(rows.filter((one) => one !== row));
              adding.current?.focus();
            }}
          />
        ))}
        <button type="button" className="button" ref={adding} onClick={add}>
          <Icon name="plus" />
          Add parameter
        </button>
      </div>
    </details>
  );
}

function ParameterRow({
  row,
  number,
  names,
  error,
  fresh,
  onChange,
  onRemove,
}: {
  row: Row;
  number: number;
  names: string;
  error: string | undefined;
  fresh: { current: number | null };
  onChange: (change: Partial<Row>) => void;
  onRemove: () => void;
}) {
  const id = useId();
  const called = row.name.trim() || `parameter ${number}`;
  const shared = { className: "input", autoComplete: "off", autoCapitalize: "none", spellCheck: false };
  return (
    <div className="parameter" role="group" aria-label={`Parameter ${number}`}>
      <input
        {...shared}
        aria-label={`Name of parameter ${number}`}
        list={names}
        placeholder="name"
        value={row.name}
        onChange={(event) => onChange({ name: event.target.value })}
        ref={(input) => {
          if (input && fresh.current === row.id) {
            fresh.current = null;
            input.focus();
          }
        }}
      />
      <input
        {...shared}
        aria-label={`Value of ${called}`}
        aria-describedby={error ? id : undefined}
        aria-invalid={error ? true : undefined}
        type={SECRETS.has(row.name.trim()) ? "password" : "text"}
        autoComplete={SECRETS.has(row.name.trim()) ? "new-password" : "off"}
        placeholder={EXAMPLES[row.name.trim()] ?? "value"}
        value={row.value}
        onChange={(event) => onChange({ value: event.target.value })}
      />
      <button type="button" className="button button-bare" aria-label={`Remove ${called}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
      <FieldError id={id} error={error} />
    </div>
  );
}
