import type { NavPage } from "../commands";
import { setSingleKeys, useSingleKeys } from "../shortcuts";
import { Dialog } from "./dialog";

export function ShortcutHelp({ pages, onClose }: { pages: readonly NavPage[]; onClose: () => void }) {
  const on = useSingleKeys();
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} narrow>
      <div className="dialog-body">
        <dl className="shortcuts">
          <Row keys={["Ctrl", "K"]} does="Search pages and actions" />
          <Row keys={["/"]} does="Filter the table" />
          <Row keys={["n"]} does="New key or model, where you are" />
          {pages.map((page) => (
            <Row key={page.path} keys={["g", page.letter]} does={`Go to ${page.label.toLowerCase()}`} />
          ))}
          <Row keys={["?"]} does="This list" />
        </dl>
        <label className="check">
          <input type="checkbox" checked={on} onChange={(event) => setSingleKeys(event.target.checked)} />
          <span>Use shortcuts of single letters</span>
        </label>
      </div>
    </Dialog>
  );
}

function Row({ keys, does }: { keys: string[]; does: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}
