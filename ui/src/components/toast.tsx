import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { Icon } from "./icons";

const SHOWN_MS = 6_000;

const ToastContext = createContext<(text: string) => void>(() => {});

/** Says what was done, to eyes and to screen readers. Errors never go here: they stay where they happened. */
export const useToast = () => useContext(ToastContext);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<{ text: string; id: number } | null>(null);
  const show = useCallback((text: string) => setToast({ text, id: Date.now() }), []);
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(() => setToast(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status">
        {toast && (
          <p key={toast.id} className="toast">
            <Icon name="check" />
            {toast.text}
          </p>
        )}
      </div>
    </ToastContext>
  );
}
