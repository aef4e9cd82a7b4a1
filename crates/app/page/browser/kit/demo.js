// Which of the demo's photos are asked with.

import { query } from "./catalog.js";

export const PHOTOS = {
  /** An edited copy of a photo that is listed. */
  copy: () => query(/^edited-copy-of-/),
  /** Another photo of a product that is listed. */
  other: () => query(/^other-photo-of-/),
  /** The same, where no two of the first answers are so near that another machine's rounding could change them over. */
  clear: () => query(/^other-photo-of-shirt-/),
  /** A product that is not listed. */
  stranger: () => query(/^not-listed-/),
  /** One of each. */
  several: async () => Promise.all([PHOTOS.copy(), PHOTOS.other(), PHOTOS.stranger()]),
};
