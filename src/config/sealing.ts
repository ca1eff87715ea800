/** 32 bytes in base64: the key of AES-256. */
export const isSealingKey = (text: string): boolean => Buffer.from(text, 'base64').byteLength === 32;
