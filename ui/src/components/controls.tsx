import { type SelectHTMLAttributes, type TextareaHTMLAttributes, useId, useState } from "react";
import { FieldError, Labelled, type LabelledProps } from "./labelled";

interface Option {
  value: string;
  label: string;
  /** A second, quieter line. */
  note?: string | undefined;
}

interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "id">, LabelledProps {
  options: readonly Option[];
}

export function SelectField({ label, options, hint, error, ...select }: SelectProps) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(described) => (
        <select {...select} {...described} className="input">
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

interface AreaProps extends Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id">, LabelledProps {}

export function AreaField({ label, hint, error, optional, ...area }: AreaProps) {
  return (
    <Labelled label={label} hint={hint} error={error} optional={optional}>
      {(described) => (
        <textarea
          rows={3}
          autoComplete="off"
          spellCheck={false}
          {...area}
          {...described}
          className="input area-input"
        />
      )}
    </Labelled>
  );
}

interface CheckProps {
  label: string;
  hint: string;
  name?: string;
  checked?: boolean;
  defaultChecked?: boolean;
  onChange?: (checked: boolean) => void;
}

/** One thing that is so or not, with what it means below. */
export function CheckField({ label, hint, onChange, ...input }: CheckProps) {
  const id = useId();
  return (
    <label className="option">
      <input
        type="checkbox"
        {...input}
        aria-label={label}
        aria-describedby={id}
        onChange={onChange && ((event) => onChange(event.target.checked))}
      />
      <span className="stack">
        <strong>{label}</strong>
        <span className="small muted" id={id}>
          {hint}
        </span>
      </span>
    </label>
  );
}

interface ChoicesProps {
  legend: string;
  options: readonly Option[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
  empty: string;
  hint?: string;
  error?: string | undefined;
  optional?: boolean;
}

const FILTER_FROM = 9;

/** Some of many, with a filter when there are many. */
export function Choices({ legend, options, chosen, onChange, empty, hint, error, optional }: ChoicesProps) {
  const id = useId();
  const [filter, setFilter] = useState("");
  const words = filter.trim().toLowerCase();
  const shown = options.filter(({ label, note }) => `${label} ${note ?? ""}`.toLowerCase().includes(words));
  const toggle = (value: string) =>
    onChange(chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value]);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <fieldset className="field fieldset" aria-describedby={described || undefined}>
      <legend className="label">
        {legend}
        {optional && <span className="optional"> optional</span>}
      </legend>
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {options.length >= FILTER_FROM && (
        <input
          className="input"
          type="search"
          aria-label={`Filter: ${legend}`}
          placeholder="Filter"
          autoComplete="off"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      {options.length === 0 ? (
        <p className="muted small">{empty}</p>
      ) : (
        <div className="choices">
          {shown.map(({ value, label, note }) => (
            <label key={value} className="check">
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                aria-invalid={error ? true : undefined}
                onChange={() => toggle(value)}
              />
              <span className="stack">
                <span>{label}</span>
                {note && <span className="small muted">{note}</span>}
              </span>
            </label>
          ))}
          {shown.length === 0 && <p className="muted small">Nothing has this name.</p>}
        </div>
      )}
      <FieldError id={`${id}-error`} error={error} />
    </fieldset>
  );
}

interface BoxesProps {
  legend: string;
  name: string;
  options: readonly Option[];
  checked: readonly string[];
  hint: string;
  error?: string | undefined;
}

/** A few things that are all in sight, of which the form takes those that are ticked. */
export function Boxes({ legend, name, options, checked, hint, error }: BoxesProps) {
  const id = useId();
  return (
    <fieldset className="field fieldset" aria-describedby={error ? `${id}-hint ${id}-error` : `${id}-hint`}>
      <legend className="label">{legend}</legend>
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <div className="choices">
        {options.map(({ value, label }) => (
          <label key={value} className="check">
            <input
              type="checkbox"
              name={name}
              value={value}
              defaultChecked={checked.includes(value)}
              aria-invalid={error ? true : undefined}
            />
            <span>{label}</span>
          </label>
        ))}
      </div>
      <FieldError id={`${id}-error`} error={error} />
    </fieldset>
  );
}
