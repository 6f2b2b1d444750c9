// Sends a capture, and says how far it is; `fetch` cannot say that of what it sends.
import { Problem } from "./client";
import type { UploadedMap } from "./types";

export interface Progress { sent: number; total: number; stop: () => void }

export function upload(file: File, tell: (progress: Progress) => void): Promise<UploadedMap> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = (): void => { request.abort(); };
    request.open("POST", `/api/v1/captures?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("accept", "application/json");
    request.upload.onprogress = (event) => { tell({ sent: event.loaded, total: event.total, stop }); };
    request.onabort = () => { reject(new Problem(0, "Stopped", "You stopped the upload; nothing is kept of it.")); };
    request.onerror = () => { reject(new Problem(0, "The capture did not arrive", "The connection broke, or the server takes no more. Nothing is kept of it.")); };
    request.onload = () => {
      const told = (() => { try { return JSON.parse(request.responseText) as Record<string, unknown>; } catch { return {}; } })();
      if (request.status < 300) resolve(told as unknown as UploadedMap);
      else reject(new Problem(request.status, String(told["title"] ?? "The capture was not taken"), String(told["detail"] ?? `The server answered ${request.status}.`)));
    };
    tell({ sent: 0, total: file.size, stop });
    request.send(file);
  });
}
