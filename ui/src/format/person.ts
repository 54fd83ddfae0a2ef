/** What a person is called. */
export const personName = (person: { name: string; username: string }) => person.name || person.username;

/** What tells two people of the same name apart. */
export function personNote(person: { name: string; username: string; email: string }): string {
  const name = personName(person);
  return [person.email, person.username].find((text) => text && text !== name) ?? person.username;
}
