/** `and`, `or`, `xor`, `implies` (https://hl7.org/fhirpath/N1/#boolean-logic). */
import { truthNode, type Node, type TruthOf } from '../node.ts';

type LogicOperator = 'and' | 'or' | 'xor' | 'implies';

/** Three-valued (N1 §6.5); the right side is not looked at when the left decides. */
export function logic(operator: LogicOperator, left: TruthOf, right: TruthOf): Node {
  switch (operator) {
    case 'and':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        if (a === false) return false;
        const b = right(focus, scope);
        return b === false ? false : a === undefined || b === undefined ? undefined : true;
      });
    case 'or':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        if (a === true) return true;
        const b = right(focus, scope);
        return b === true ? true : a === undefined || b === undefined ? undefined : false;
      });
    case 'xor':
      return truthNode((focus, scope) => {
        const a = left(focus, scope);
        const b = right(focus, scope);
        return a === undefined || b === undefined ? undefined : a !== b;
      });
    case 'implies':
      break;
  }
  return truthNode((focus, scope) => {
    const a = left(focus, scope);
    if (a === false) return true;
    const b = right(focus, scope);
    return b === true ? true : a === undefined || b === undefined ? undefined : false;
  });
}
