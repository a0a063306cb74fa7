// The roles that people may have.

import { words } from '../../lib/lifecycle';

export const ROLES = ['admin', 'operator', 'viewer'].map((value) => ({ value, text: words(value) }));
