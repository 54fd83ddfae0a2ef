import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { axisTicks } from "../format/number";

export interface Bar {
  id: number;
  value: number;
  label: string;
  /** Read out, and shown in the card. */
  title: string;
  card: ReactNode;
  spoken: string;
}

interface Props {
  bars: Bar[];
  label: string;
  formatValue: (value: number) => string;
  whole: boolean;
}

const HEIGHT = 220;
const TOP = 12;
const BOTTOM = 26;
const LEFT = 56;
const CARD_WIDTH = 184;
const SMALLEST_BAR = 3;

/** One bar for each hour. The arrow keys walk along the bars, so the whole chart is one stop for Tab. */
export function Bars({ bars, label, formatValue, whole }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number | null>(null);
  const [stop, setStop] = useState(0);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const ticks = axisTicks(Math.max(...bars.map((bar) => bar.value)), whole);
  const top = ticks.at(-1) || 1;
  const inner = HEIGHT - TOP - BOTTOM;
  const y = (value: number) => TOP + inner * (1 - value / top);
  const step = Math.max(0, width - LEFT) / bars.length;
  const every = width < 480 ? 6 : 3;

  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowLeft: stop - 1, ArrowRight: stop + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (next === undefined || next < 0 || next >= bars.length) return;
    event.preventDefault();
    setStop(next);
    frame.current?.querySelector<SVGElement>(`[data-index="${next}"]`)?.focus();
  };

  const shown = active === null ? undefined : bars[active];
  // Beside its bar, on the side that has room.
  const right = LEFT + step * ((active ?? 0) + 1) + 8;
  const cardLeft = right + CARD_WIDTH <= width ? right : right - step - CARD_WIDTH - 16;
  return (
    <div ref={frame} className="chart" role="group" aria-label={label} onKeyDown={onKeyDown}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} onPointerLeave={() => setActive(null)}>
          <g className="axis" aria-hidden="true">
            {ticks.map((tick) => (
              <g key={tick}>
                <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} />
                <text x={LEFT - 12} y={y(tick) + 4} textAnchor="end">
                  {formatValue(tick)}
                </text>
              </g>
            ))}
            {bars.map((bar, index) =>
              index % every === 0 ? (
                <text key={bar.id} x={LEFT + step * (index + 0.5)} y={HEIGHT - 5} textAnchor="middle">
                  {bar.label}
                </text>
              ) : null,
            )}
          </g>
          {bars.map((bar, index) => (
            <Column
              key={bar.id}
              index={index}
              spoken={bar.spoken}
              stop={stop === index}
              active={active === index}
              x={LEFT + step * index}
              width={step}
              height={bar.value > 0 ? Math.max(SMALLEST_BAR, y(0) - y(bar.value)) : 0}
              base={y(0)}
              onShow={() => setActive(index)}
              onHide={() => setActive(null)}
              onFocus={() => setStop(index)}
            />
          ))}
        </svg>
      )}
      {shown && (
        <div
          className="chart-card"
          aria-hidden="true"
          style={{ width: CARD_WIDTH, left: Math.max(0, cardLeft) }}
        >
          <p className="chart-card-title">{shown.title}</p>
          {shown.card}
        </div>
      )}
    </div>
  );
}

interface ColumnProps {
  index: number;
  spoken: string;
  stop: boolean;
  active: boolean;
  x: number;
  width: number;
  height: number;
  base: number;
  onShow: () => void;
  onHide: () => void;
  onFocus: () => void;
}

function Column(props: ColumnProps) {
  const gap = Math.min(4, props.width * 0.14);
  return (
    <g
      role="img"
      aria-label={props.spoken}
      className={props.active ? "column column-active" : "column"}
      tabIndex={props.stop ? 0 : -1}
      data-index={props.index}
      onPointerEnter={props.onShow}
      onFocus={() => {
        props.onFocus();
        props.onShow();
      }}
      onBlur={props.onHide}
    >
      <rect
        className="column-area"
        x={props.x}
        y={TOP - 8}
        width={props.width}
        height={props.base - TOP + 8}
        rx="4"
      />
      {props.height > 0 && (
        <rect
          className="column-bar"
          x={props.x + gap}
          y={props.base - props.height}
          width={Math.max(1, props.width - 2 * gap)}
          height={props.height}
          rx={Math.min(3, props.height / 2)}
        />
      )}
    </g>
  );
}
