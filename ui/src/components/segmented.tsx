import { useId } from "react";
import { FieldError } from "./labelled";

interface Props<T extends string> {
  legend: string;
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
  /** The legend is shown above, as for a form field. */
  field?: boolean;
  error?: string | undefined;
}

/** One of a few, as radio buttons that look like one control. */
export function Segmented<T extends string>({
  legend,
  options,
  value,
  onChange,
  field = false,
  error,
}: Props<T>) {
  const name = useId();
  return (
    <fieldset
      className={field ? "field fieldset" : "fieldset"}
      aria-describedby={error ? `${name}-error` : undefined}
    >
      <legend className={field ? "label" : "hidden"}>{legend}</legend>
      <div className="segmented">
        {options.map((option) => (
          <label key={option.value} className="segment">
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      <FieldError id={`${name}-error`} error={error} />
    </fieldset>
  );
}
