import { useDeferredValue, useState } from "react";
import { refused } from "../api-error";
import { useFoundPeople } from "../directory/queries";
import { personName } from "../format/person";
import { SelectField } from "./controls";
import { Field } from "./field";

/** One person: words find some, and the form's field `user` is one of them. Nobody is chosen without words. */
export function PersonSelect({ error }: { error: string | undefined }) {
  const [typed, setTyped] = useState("");
  const words = typed.trim();
  const asked = useDeferredValue(words);
  const found = useFoundPeople(asked);
  // What was found for other words must not be taken for what these find.
  const current = asked === words && !found.isPlaceholderData && found.data !== undefined;
  const options = (current ? found.data : []).map((person) => ({
    value: String(person.pk),
    label:
      person.name && person.name !== person.username
        ? `${personName(person)} (${person.username})`
        : person.username,
  }));
  const none = !current ? "Searching" : options.length === 0 ? "Nobody has this name" : "Choose somebody";
  return (
    <>
      <Field
        label="Find people"
        type="search"
        placeholder="Name or address"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <SelectField
        label="User"
        name="user"
        options={words && options.length > 0 ? options : [{ value: "", label: none }, ...options]}
        error={error}
      />
    </>
  );
}

/** The person who is chosen. Raises ApiError for the field when nobody is. */
export function chosenPerson(data: FormData): number {
  const user = Number(data.get("user"));
  if (!user) throw refused("user", "Choose somebody.");
  return user;
}
