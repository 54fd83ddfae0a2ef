import { useDeferredValue, useState } from "react";
import { useFoundPeople } from "../directory-queries";
import { personName } from "../format/person";
import { SelectField } from "./controls";
import { Field } from "./field";

/** One person: words find some, and the form's field `user` is one of them. */
export function PersonSelect({ error }: { error: string | undefined }) {
  const [words, setWords] = useState("");
  const found = useFoundPeople(useDeferredValue(words.trim()));
  const options = (found.data ?? []).map((person) => ({
    value: String(person.pk),
    label:
      person.name && person.name !== person.username
        ? `${personName(person)} (${person.username})`
        : person.username,
  }));
  return (
    <>
      <Field
        label="Find people"
        type="search"
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <SelectField label="User" name="user" options={options} error={error} />
    </>
  );
}
