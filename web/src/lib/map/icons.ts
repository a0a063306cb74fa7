// The marks of the map, drawn on a canvas: shape says the same as colour.

import type { Map as MapLibre } from 'maplibre-gl';
import type { Palette } from './style';

const SIZE = 44;

type Draw = (context: CanvasRenderingContext2D) => void;

function image(draw: Draw): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = SIZE;
  canvas.height = SIZE;
  const context = canvas.getContext('2d');
  if (!context) return new ImageData(SIZE, SIZE);
  context.translate(SIZE / 2, SIZE / 2);
  context.lineJoin = 'round';
  draw(context);
  return context.getImageData(0, 0, SIZE, SIZE);
}

/** A filled shape with an outline, and what stands on it. */
const shape =
  (trace: Draw, fill: string, outline: string, inner?: Draw): Draw =>
  (context) => {
    context.beginPath();
    trace(context);
    context.lineWidth = 5;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
    context.fillStyle = outline;
    inner?.(context);
  };

const polygon =
  (...corners: [number, number][]): Draw =>
  (context) => {
    for (const [x, y] of corners) context.lineTo(x, y);
    context.closePath();
  };

const circle =
  (radius: number): Draw =>
  (context) =>
    context.arc(0, 0, radius, 0, Math.PI * 2);

const boxes =
  (...all: [number, number, number, number][]): Draw =>
  (context) => {
    for (const box of all) context.fillRect(...box);
  };

/** An arrow head that points north. */
const ARROW = polygon([0, -17], [12.5, 14], [0, 8], [-12.5, 14]);
const TRIANGLE = polygon([0, -15], [15, 12], [-15, 12]);
const DIAMOND = polygon([0, -14], [14, 0], [0, 14], [-14, 0]);
/** A house with a gate: a place that shipments go through. */
const HOUSE = polygon([0, -14], [14, -4], [14, 13], [-14, 13], [-14, -4]);
const DISC = circle(12.5);

/** Two bars: stands. A hollow: silent. An exclamation mark: something is wrong. */
const BARS = boxes([-5, -5.5, 3.6, 11], [1.4, -5.5, 3.6, 11]);
const HOLLOW: Draw = (context) => {
  context.beginPath();
  circle(5.5)(context);
  context.fill();
};
const MARK = boxes([-1.8, -6, 3.6, 9], [-1.8, 5.5, 3.6, 3.6]);
const GATE = boxes([-6.5, 1, 13, 12]);

/** Puts every mark into a map; again after the theme changed. */
export function addIcons(map: MapLibre, palette: Palette): void {
  const { moving, stopped, silent, problem, outline, selected, hub } = palette;
  const icons: Record<string, Draw> = {
    moving: shape(ARROW, moving, outline),
    'moving-problem': shape(ARROW, problem, outline),
    stopped: shape(DISC, stopped, outline, BARS),
    'stopped-problem': shape(TRIANGLE, problem, outline, MARK),
    silent: shape(DISC, silent, outline, HOLLOW),
    'silent-problem': shape(TRIANGLE, problem, outline, MARK),
    hub: shape(HOUSE, hub, outline, GATE),
    origin: shape(DIAMOND, hub, outline),
    destination: shape(DIAMOND, selected, outline),
  };
  for (const [name, draw] of Object.entries(icons)) {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image(draw), { pixelRatio: 2 });
  }
}
