// The fields of a package, as every form has them. Pure.

import type { FieldSpec } from './record';

export const PACKAGE_FIELDS: FieldSpec[] = [
  { name: 'tracking_number', label: 'Tracking number' },
  { name: 'description', label: 'Contents' },
  { name: 'weight_kg', label: 'Weight (kg)', kind: 'number' },
];
