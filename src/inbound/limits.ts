/** Bounds on what callers may ask at one time: requests a minute by key, and bytes of bodies being read. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { callerOf } from './deps.ts';
import { Refusal, unavailable } from './problem.ts';

const minuteMs = 60_000;

/** By key, or by address when there is none. 0 = no limit. Sends RateLimit headers (draft 8) and Retry-After. */
export function perMinute(name: string, limit: number): RequestHandler {
  if (limit === 0) {
    return (_req, _res, next) => {
      next();
    };
  }
  return rateLimit({
    windowMs: minuteMs,
    limit,
    identifier: name,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (req: Request, res: Response) => callerOf(res).key?.id ?? ipKeyGenerator(req.ip ?? ''),
    handler: (_req, _res, next) => {
      next(
        new Refusal({
          code: 'too-many-requests',
          status: 429,
          title: 'Too many requests',
          detail: 'Nothing was accepted. Wait as Retry-After says, then send it again.',
        }),
      );
    },
  });
}

/** Reads the body whole, within its limit and within what all requests together may hold. */
export function readBody(bodyBytes: number, bytesInFlight: number): RequestHandler {
  const read = express.raw({ type: () => true, limit: bodyBytes });
  let held = 0;
  return (req, res, next) => {
    const declared = Number(req.headers['content-length']);
    const compressed = req.headers['content-encoding'] !== undefined;
    // Where the size is not declared, a tenth of the limit: far above an activity, and still a bound.
    const share = Number.isFinite(declared) && !compressed ? Math.min(declared, bodyBytes) : bodyBytes / 10;
    if (held > 0 && held + share > bytesInFlight) {
      next(new Refusal(unavailable('Too many large bodies are being read at this moment.')));
      return;
    }
    held += share;
    res.once('close', () => {
      held -= share;
    });
    read(req, res, next);
  };
}

/** The body as it came; empty when there was none. */
export const bodyOf = (req: Request): Buffer => (Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));
