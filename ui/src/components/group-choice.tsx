import { type Group, groups } from "../directory/people";
import { useEvery } from "../directory/queries";
import { Choices } from "./controls";
import { Loading } from "./loading";
import { Problem } from "./problem";

interface Props {
  legend: string;
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
  hint?: string;
  error?: string | undefined;
  /** A group that is none of the choices. */
  without?: string;
}

export function GroupChoice({ without, ...choices }: Props) {
  const every = useEvery<Group>(groups, { ordering: "name" });
  if (every.isPending) return <Loading what="the groups" rows={2} />;
  if (!every.data) return <Problem error={every.error} onRetry={() => every.refetch()} />;
  const options = every.data
    .filter((group) => group.pk !== without)
    .map((group) => ({ value: group.pk, label: group.name }));
  return <Choices {...choices} options={options} empty="There are no groups yet." optional />;
}
