// The layout beside the page, so that nothing stands still meanwhile.
import { place, type Wanted } from "./layout";

self.onmessage = (event: MessageEvent<{ turn: number; wanted: Wanted }>): void => {
  self.postMessage({ turn: event.data.turn, places: place(event.data.wanted) });
};
