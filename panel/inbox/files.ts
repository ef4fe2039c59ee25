// What one needs to know of files before they are drawn or sent. Pure.

const SHOWN_WIDTH_PX = 320;
const SHOWN_HEIGHT_PX = 240;
/** Thinner or flatter than this a picture could not be pressed. */
const SHOWN_PX_MIN = 44;

/** How large a picture stands in the log; undefined for what is none, or of a size nobody could tell. */
export function fittedSize(file: {
  type: string;
  width?: number;
  height?: number;
}): { width: number; height: number } | undefined {
  const { width, height } = file;
  if (!file.type.startsWith("image/") || !width || !height) return undefined;
  const scale = Math.min(1, SHOWN_WIDTH_PX / width, SHOWN_HEIGHT_PX / height);
  const fitted = (length: number): number => Math.max(SHOWN_PX_MIN, Math.round(length * scale));
  return { width: fitted(width), height: fitted(height) };
}

/** "PDF" of `order.pdf`: the ending as people know it, else the second half of the type. */
export function kindOfFile(name: string, type: string): string {
  const ending = /\.([\p{L}\p{N}]{1,5})$/u.exec(name)?.[1];
  const subtype = type.split("/")[1] ?? "";
  return (ending ?? subtype.slice(0, 12)).toUpperCase();
}
