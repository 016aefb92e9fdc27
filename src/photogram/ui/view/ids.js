// Ids as the kernel makes them (domain/ids.py): time in 48 bits, then chance, in Crockford's base 32.
function newId(prefix) {
  const chance = crypto.getRandomValues(new Uint8Array(10));
  let number = BigInt(Date.now());
  for (const byte of chance) number = (number << 8n) | BigInt(byte);
  let text = '';
  for (let at = 0; at < 26; at++) {
    text = '0123456789abcdefghjkmnpqrstvwxyz'[Number(number & 31n)] + text;
    number >>= 5n;
  }
  return `${prefix}_${text}`;
}
