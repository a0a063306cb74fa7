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

/** An arrow head that points north. */
function arrow(fill: string, outline: string): Draw {
  return (context) => {
    context.beginPath();
    context.moveTo(0, -17);
    context.lineTo(12.5, 14);
    context.lineTo(0, 8);
    context.lineTo(-12.5, 14);
    context.closePath();
    context.lineWidth = 5;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
  };
}

function disc(fill: string, outline: string, inner: Draw): Draw {
  return (context) => {
    context.beginPath();
    context.arc(0, 0, 12.5, 0, Math.PI * 2);
    context.lineWidth = 5;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
    inner(context);
  };
}

/** Two bars: stands. */
function bars(colour: string): Draw {
  return (context) => {
    context.fillStyle = colour;
    context.fillRect(-5, -5.5, 3.6, 11);
    context.fillRect(1.4, -5.5, 3.6, 11);
  };
}

/** A hollow ring: silent. */
function ring(colour: string): Draw {
  return (context) => {
    context.beginPath();
    context.arc(0, 0, 5.5, 0, Math.PI * 2);
    context.fillStyle = colour;
    context.fill();
  };
}

function triangle(fill: string, outline: string): Draw {
  return (context) => {
    context.beginPath();
    context.moveTo(0, -15);
    context.lineTo(15, 12);
    context.lineTo(-15, 12);
    context.closePath();
    context.lineWidth = 5;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
    context.fillStyle = outline;
    context.fillRect(-1.8, -6, 3.6, 9);
    context.fillRect(-1.8, 5.5, 3.6, 3.6);
  };
}

function square(fill: string, outline: string): Draw {
  return (context) => {
    context.rotate(Math.PI / 4);
    context.beginPath();
    context.rect(-10, -10, 20, 20);
    context.lineWidth = 5;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
  };
}

/** A house with a gate: a place that shipments go through. */
function house(fill: string, outline: string): Draw {
  return (context) => {
    context.beginPath();
    context.moveTo(0, -14);
    context.lineTo(14, -4);
    context.lineTo(14, 13);
    context.lineTo(-14, 13);
    context.lineTo(-14, -4);
    context.closePath();
    context.lineWidth = 4;
    context.strokeStyle = outline;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
    context.fillStyle = outline;
    context.fillRect(-6.5, 1, 13, 12);
  };
}

/** Puts every mark into a map; again after the theme changed. */
export function addIcons(map: MapLibre, palette: Palette): void {
  const { moving, stopped, silent, problem, outline, selected, hub } = palette;
  const icons: Record<string, Draw> = {
    moving: arrow(moving, outline),
    'moving-problem': arrow(problem, outline),
    stopped: disc(stopped, outline, bars(outline)),
    'stopped-problem': triangle(problem, outline),
    silent: disc(silent, outline, ring(outline)),
    'silent-problem': triangle(problem, outline),
    hub: house(hub, outline),
    origin: square(hub, outline),
    destination: square(selected, outline),
  };
  for (const [name, draw] of Object.entries(icons)) {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image(draw), { pixelRatio: 2 });
  }
}
