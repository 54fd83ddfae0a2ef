import { useRef } from "react";
import type { Role } from "../api-types";
import { AreaField, Boxes, CheckField, SelectField } from "../components/controls";
import { Field } from "../components/field";
import { Fold } from "../components/fold";
import { Icon } from "../components/icons";
import { FieldError } from "../components/labelled";
import type { SignInProfile, SignInProvider } from "../directory/sign-in";
import { ROLES } from "../format/role";
import { type MappingRow, POLICIES } from "../format/sign-in";

const ROLE_OPTIONS = ROLES.map(({ role, label }) => ({ value: role, label: `${label} (${role})` }));
const ROLE_FIELDS = [
  "roles.is_configured",
  "claims.role",
  "roles.mappings",
  "roles.group_claim",
  "roles.default_role",
  "roles.policy",
  "claims.teams",
];
const ACCESS_FIELDS = ["access.email_domains", "access.groups", "access.roles"];

interface Props {
  provider: SignInProvider | undefined;
  errors: Readonly<Record<string, string>>;
}

interface RolesProps extends Props {
  profile: SignInProfile;
  mappings: MappingRow[];
  onMappings: (rows: MappingRow[]) => void;
}

/** Which claims give which role, and which teams. */
export function Roles({ provider, profile, errors, mappings, onMappings }: RolesProps) {
  const claims = provider?.claims ?? profile.claims;
  return (
    <Fold title="Roles and teams" names={ROLE_FIELDS} errors={errors}>
      <CheckField
        label="A claim says the role"
        name="roles.is_configured"
        hint="Without it, and without groups below, people keep the role that they have here."
        defaultChecked={provider?.roles.is_configured ?? profile.decides_roles}
      />
      <Field
        label="Role claim"
        name="claims.role"
        hint="A path: dots for claims inside claims, \. for a dot in a name."
        defaultValue={claims.role}
        error={errors["claims.role"]}
      />
      <Mappings rows={mappings} onChange={onMappings} error={errors["roles.mappings"]} />
      <Field
        label="Claim with these groups"
        name="roles.group_claim"
        hint="Left empty, the groups claim."
        optional
        defaultValue={provider?.roles.group_claim ?? ""}
        error={errors["roles.group_claim"]}
      />
      <SelectField
        label="Default role"
        name="roles.default_role"
        hint="For whoever the claims give none."
        options={[{ value: "", label: "The gateway's default" }, ...ROLE_OPTIONS]}
        defaultValue={provider?.roles.default_role ?? ""}
        error={errors["roles.default_role"]}
      />
      <SelectField
        label="Policy"
        name="roles.policy"
        options={POLICIES}
        defaultValue={provider?.roles.policy ?? "every_login"}
        error={errors["roles.policy"]}
      />
      <Field
        label="Teams claim"
        name="claims.teams"
        hint="Memberships follow it: they are added and removed. Left empty, teams are left alone."
        optional
        defaultValue={claims.teams ?? ""}
        error={errors["claims.teams"]}
      />
    </Fold>
  );
}

interface MappingsProps {
  rows: MappingRow[];
  onChange: (rows: MappingRow[]) => void;
  error: string | undefined;
}

function Mappings({ rows, onChange, error }: MappingsProps) {
  const adding = useRef<HTMLButtonElement>(null);
  const fresh = useRef<number | null>(null);
  const change = (row: MappingRow, changed: Partial<MappingRow>) =>
    onChange(rows.map((one) => (one === row ? { ...one, ...changed } : one)));
  const add = () => {
    const id = Math.max(-1, ...rows.map((one) => one.id)) + 1;
    fresh.current = id;
    onChange([...rows, { id, role: "internal_user", group: "" }]);
  };
  return (
    <fieldset
      className="field fieldset"
      aria-describedby={error ? "mappings-hint mappings-error" : "mappings-hint"}
    >
      <legend className="label">Groups that give a role</legend>
      <p className="hint" id="mappings-hint">
        They count before the role claim; of several the highest role wins.
      </p>
      {rows.map((row, index) => (
        <div key={row.id} className="parameter" role="group" aria-label={`Group ${index + 1}`}>
          <input
            className="input"
            autoComplete="off"
            spellCheck={false}
            aria-label={`Name of group ${index + 1}`}
            placeholder="group"
            value={row.group}
            onChange={(event) => change(row, { group: event.target.value })}
            ref={(input) => {
              if (!input || fresh.current !== row.id) return;
              fresh.current = null;
              input.focus();
            }}
          />
          <select
            className="input"
            aria-label={`Role of group ${index + 1}`}
            value={row.role}
            onChange={(event) => change(row, { role: event.target.value as Role })}
          >
            {ROLE_OPTIONS.map((one) => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </select>
          <button
            type="button"
            className="button button-bare"
            aria-label={`Remove ${row.group.trim() || `group ${index + 1}`}`}
            onClick={() => {
              onChange(rows.filter((one) => one !== row));
              adding.current?.focus();
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <FieldError id="mappings-error" error={error} />
      <span>
        <button type="button" className="button" ref={adding} onClick={add}>
          <Icon name="plus" />
          Add group
        </button>
      </span>
    </fieldset>
  );
}

/** Who may come in at all. */
export function Access({ provider, errors }: Props) {
  return (
    <Fold title="Who may sign in" names={ACCESS_FIELDS} errors={errors}>
      <p className="hint">What is left empty restricts nothing. Whoever lacks the claim is not let in.</p>
      <AreaField
        label="E-mail domains"
        name="access.email_domains"
        hint="One a line: what stands behind the @."
        optional
        placeholder="example.com"
        defaultValue={provider?.access.email_domains.join("\n")}
        error={errors["access.email_domains"]}
      />
      <AreaField
        label="Groups"
        name="access.groups"
        hint="One a line, looked for in the groups claim."
        optional
        defaultValue={provider?.access.groups.join("\n")}
        error={errors["access.groups"]}
      />
      <Boxes
        legend="Roles"
        name="access.roles"
        options={ROLE_OPTIONS}
        checked={provider?.access.roles ?? []}
        hint="The role that was decided; with none chosen, any."
        error={errors["access.roles"]}
      />
    </Fold>
  );
}
