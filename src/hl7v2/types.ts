/** Which messages Tejido reads. */

/** ORU^R01, and the point-of-care results of the same structure; v2.1 knew no trigger. */
export const isRead = (type: string, trigger: string): boolean =>
  type === 'ORU' && ['', 'R01', 'R30', 'R31', 'R32'].includes(trigger);
