// Holds still what one reads. The log's box is reversed: its origin is the end, so earlier parts move nothing; what comes
// at the end would push everything up, and is made up for here before it is painted.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** `first` is the first event held, `at_end` whether one stands at the end: then the log follows what comes. */
export function useStillLog(box: RefObject<HTMLElement | null>, first: number | undefined, at_end: boolean): void {
  const latest = useRef({ first, at_end });
  latest.current = { first, at_end };

  useEffect(() => {
    const element = box.current;
    const content = element?.firstElementChild;
    if (!element || !(content instanceof HTMLElement)) return undefined;
    let height_px = content.offsetHeight;
    let known_first = latest.current.first;
    const observer = new ResizeObserver(() => {
      const grown_px = content.offsetHeight - height_px;
      const is_earlier = known_first !== latest.current.first;
      height_px = content.offsetHeight;
      known_first = latest.current.first;
      if (!is_earlier && !latest.current.at_end) element.scrollTop -= grown_px;
    });
    observer.observe(content);
    return () => observer.disconnect();
  }, [box]);
}
